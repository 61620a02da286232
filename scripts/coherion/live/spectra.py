"""The spectra of a session's sample: tested, fitted and on their line, as the jobs make them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from coherion import messages
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.impedance.pellets import beside_other_pellets
from coherion.live.session import Session
from coherion.settings.reading import settings_from
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

if TYPE_CHECKING:
    import xarray


def measured(session: Session) -> xarray.Dataset:
    """The spectra as ``import_spectra`` reads them."""
    return session.workshop._read(f"spectra/{session.sample}.nc", "import_spectra")


def validated(session: Session) -> xarray.Dataset:
    """All spectra as ``validate_spectra`` writes them."""
    told = session.told("validation")

    def make() -> xarray.Dataset:
        return validate_dataset(measured(session), settings_from(ValidationSettings, told))

    with messages.collected():
        return session.once("validation", told, make)


def circuits(session: Session) -> xarray.Dataset:
    """All spectra as ``fit_circuits`` writes them."""
    told = session.told("circuits")

    def make() -> xarray.Dataset:
        return fit_dataset(validated(session), settings_from(CircuitSettings, told))

    with messages.collected():
        return session.once("circuits", [session.told("validation"), told], make)


def circuit_of_one(session: Session, place: int) -> xarray.Dataset:
    """One spectrum by itself, at once: tested and fitted without its neighbours and without another circuit tried."""
    told = session.told("circuits") | {"compare_circuits": False}
    with messages.collected():
        one = measured(session).isel(spectrum=[place])
        tested = validate_dataset(one, settings_from(ValidationSettings, session.told("validation")))
        return fit_dataset(tested, settings_from(CircuitSettings, told))


def doubts(session: Session, place: int) -> list[str]:
    """What the data would prefer to the circuit of a spectrum, and whatever else speaks against it."""
    fitted = circuits(session)
    said = str(fitted["doubt"].values[place])
    return [said] if said and fitted["resolved"].values[place].any() else []


def arrhenius(session: Session) -> xarray.Dataset:
    """Conductivities and their line as ``fit_arrhenius`` writes them, beside further pellets of the sample.

    Raises
    ------
    InputError
        If the pellet's size is not known.
    """
    with messages.collected():
        found = arrhenius_dataset(circuits(session), settings_from(ArrheniusSettings, session.told("arrhenius")))
    others = [session.beside(name) for name in session.jobs.tables.further_pellets(session.sample)]
    stages = ("validation", "circuits", "arrhenius")
    made = [
        session.once(f"pellet {one.sample}", [one.told(stage) for stage in stages], partial(arrhenius, one))
        for one in others
    ]
    return beside_other_pellets(found, made)
