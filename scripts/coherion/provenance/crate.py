"""A finished run as a Workflow Run RO-Crate: the results folder with a description of itself.

Profile Workflow Run Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5) on RO-Crate 1.1. The crate's root is the
results folder. The workflow (Snakefile, rules, scripts, environments, lock file) and what the run was told
(configuration, tables, starting structures) are copied into it under ``crate/``, so that it can be moved. Raw files
that lie elsewhere are not copied: they are named by their hash (``ni`` URI, RFC 6920) and by their place below the data
folder. One ``CreateAction`` stands for the whole run, and one for each job.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from coherion import __version__
from coherion.as_read import sha256
from coherion.data.netcdf import versions_of, write_whole
from coherion.data.stated import attributes
from coherion.provenance.jobs import Job, makers
from coherion.provenance.summary import software_of_run
from coherion.settings.configuration import read_yaml

Entity = dict[str, Any]

CRATE = "https://w3id.org/ro/crate/1.1"
PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
LICENSES = "https://spdx.org/licenses/"
#: Folder of the crate that holds copies of the workflow and of what the run was told.
COPIES = "crate"
#: What of the workflow's folder is copied.
_WORKFLOW = (
    "Snakefile",
    "workflow",
    "scripts",
    "envs",
    "pyproject.toml",
    "requirements.lock",
    "CITATION.cff",
    "LICENSE",
)
_KINDS = {
    ".nc": "application/x-netcdf",
    ".tsv": "text/tab-separated-values",
    ".cif": "chemical/x-cif",
    ".yaml": "application/yaml",
    ".py": "text/x-python",
    ".log": "text/plain",
}
#: What the workflow takes and gives, by the name of its formal parameter.
_TAKES = {"configuration": "Configuration and tables of the run", "data": "Raw scans and impedance files"}
_GIVES = {"results": "Datasets, tables and figures"}


@dataclass
class Crate:
    """What a crate is made from.

    root
        The results folder.
    folder
        Working folder of the run, to which the jobs' paths are relative.
    workflow
        Folder of the Snakefile.
    data
        Folder of the raw files.
    jobs
        The jobs of the run.
    configuration
        Files of the configuration.
    settings
        The configuration completed with defaults; its key ``crate`` holds title, people and licence of the results.
    """

    root: Path
    folder: Path
    workflow: Path
    data: Path
    jobs: Sequence[Job]
    configuration: Sequence[Path]
    settings: Mapping[str, Any]
    _entities: dict[str, Entity] = field(default_factory=dict)
    _ids: dict[Path, str] = field(default_factory=dict)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Copy the workflow into the crate and write the description, ``ro-crate-metadata.json``."""
        text = json.dumps(self.description(), indent=1, ensure_ascii=False) + "\n"
        write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    def description(self) -> dict[str, Any]:
        """The description as JSON-LD; files outside the results folder are copied on the way."""
        software = read_yaml(self.workflow / "CITATION.cff")
        people = [self._person(author) for author in software["authors"]]
        license_of_software = self._license(software["license"])
        made = makers(self.jobs)
        # Beside the configuration what was too long for a command line; a stale file of it belongs to no job.
        long = [file for file in _files(self.root / "settings") if any(file.name in job.command for job in self.jobs)]
        told = [self._file(path) for path in (*self.configuration, *long)]
        for name in _WORKFLOW:
            for file in _files(self.workflow / name):
                self._file(file)
        actions, read, written = [], list(told), []
        for job in self.jobs:
            inputs = [self._file(self.folder / path) for path in job.inputs if (self.folder / path).is_file()]
            outputs = [self._file(file) for path in job.outputs for file in _files(self.folder / path)]
            actions.append(self._action(job, inputs, outputs))
            own = [self._file(self.folder / p) for p in job.inputs if p not in made and not p.endswith(".py")]
            read += own
            written += outputs
        read, written = list(dict.fromkeys(read)), list(dict.fromkeys(written))
        self._parameters(told, read, written)
        main = f"{COPIES}/workflow/Snakefile"
        self._workflow(main, software, people, license_of_software)
        started = min((job.started for job in self.jobs), default=0.0)
        ended = max((job.ended for job in self.jobs), default=0.0)
        run = self._add(
            {
                "@id": "#run",
                "@type": "CreateAction",
                "name": f"Run of {software['title']} {__version__}",
                "description": "All jobs of the run, each of which has an action of its own",
                "instrument": {"@id": main},
                "object": _ids(read),
                "result": _ids(written),
                "startTime": _time(started),
                "endTime": _time(ended),
                "actionStatus": "http://schema.org/CompletedActionStatus",
            }
        )
        own_people = [self._person(person) for person in self.settings["crate"]["people"]]
        if own_people:
            self._entities[run]["agent"] = {"@id": own_people[0]}
        simulated = "simulated" in self._origins()
        stated = self.settings["crate"]["license"]
        # Nobody but the software made a simulated series; of measured data only their owner can say.
        license_of_results: str | Entity = (
            {"@id": self._license(stated)}
            if stated
            else {"@id": license_of_software}
            if simulated
            else "Not stated: key crate.license of the configuration"
        )
        warned = "Simulated data, not a measurement. " if simulated else ""
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "name": self.settings["crate"]["title"] or f"Results of a run of {software['title']}",
            "description": f"{warned}{software['abstract'].strip()}",
            "datePublished": _time(ended),
            "license": license_of_results,
            "author": _ids(own_people or people),
            "conformsTo": _ids(PROFILES),
            "mainEntity": {"@id": main},
            "mentions": _ids([run, *actions]),
            "hasPart": _ids(sorted(name for name, one in self._entities.items() if "File" in _types(one))),
        }
        descriptor = {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": _ids([CRATE, PROFILES[-1]]),
        }
        profiles = [
            {"@id": name, "@type": "CreativeWork", "name": title, "version": name.rpartition("/")[2]}
            for name, title in zip(
                PROFILES, ("Process Run Crate", "Workflow Run Crate", "Workflow RO-Crate"), strict=True
            )
        ]
        return {
            "@context": [f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"],
            "@graph": [descriptor, root, *profiles, *self._entities.values()],
        }

    def _add(self, entity: Entity) -> str:
        self._entities.setdefault(entity["@id"], entity)
        return entity["@id"]

    def _file(self, path: Path) -> str:
        """Identifier of a file's entity, made at the first call."""
        path = path.resolve()
        if path not in self._ids:
            name, identifier = self._place(path)
            self._ids[path] = self._add(
                {
                    "@id": identifier,
                    "@type": "File",
                    "name": name,
                    "contentSize": str(path.stat().st_size),
                    "sha256": sha256(path),
                    "encodingFormat": _KINDS.get(path.suffix)
                    or mimetypes.guess_type(path.name)[0]
                    or ("text/plain" if _is_text(path) else "application/octet-stream"),
                }
            )
        return self._ids[path]

    def _place(self, path: Path) -> tuple[str, str]:
        """Name and identifier of a file, copied into the crate where it lies elsewhere and is no raw file."""
        root = self.root.resolve()
        if path.is_relative_to(root):
            name = path.relative_to(root).as_posix()
            return name, quote(name)
        bases = [(self.workflow.resolve(), "workflow"), (self.data.resolve(), ""), (self.folder.resolve(), "run")]
        fitting = [(base, below) for base, below in bases if path.is_relative_to(base)]
        if fitting:
            # The innermost: raw files may lie in the working folder, and that in the workflow's.
            base, below = max(fitting, key=lambda one: len(one[0].parts))
            place = path.relative_to(base).as_posix()
            if not below:
                digest = base64.urlsafe_b64encode(bytes.fromhex(sha256(path))).decode().rstrip("=")
                return place, f"ni:///sha-256;{digest}"
            name = f"{COPIES}/{below}/{place}"
        else:
            # Two files of one name from elsewhere keep apart by their hash.
            name = f"{COPIES}/elsewhere/{sha256(path)[:12]}/{path.name}"
        content = path.read_bytes()
        write_whole(self.root / name, lambda temporary: temporary.write_bytes(content))
        return name, quote(name)

    def _action(self, job: Job, inputs: Sequence[str], outputs: Sequence[str]) -> str:
        program = next((name for name in inputs if name.endswith(f"scripts/{job.rule}.py")), None)
        if program is not None:
            # A script of the workflow is what ran; its page of help is its description.
            self._entities[program]["@type"] = ["File", "SoftwareSourceCode"]
            self._entities[program]["name"] = job.rule
            self._entities[program]["version"] = __version__
        log = Path(job.log[0]).with_suffix("").parts if job.log else (job.rule,)
        logs = log[log.index("logs") + 1 :] if "logs" in log else log
        action: Entity = {
            "@id": "#job/" + quote("/".join(logs)),
            "@type": "CreateAction",
            "name": " ".join(logs),
            "description": self._without_places(job.command),
            "instrument": {"@id": program or f"{COPIES}/workflow/Snakefile"},
            "object": _ids(name for name in inputs if name != program),
            "result": _ids(outputs),
            "startTime": _time(job.started),
            "endTime": _time(job.ended),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }
        return self._add(action)

    def _without_places(self, command: str) -> str:
        """A command line without the folders of the machine it ran on."""
        for base in sorted((self.workflow.resolve(), self.folder.resolve()), key=lambda p: -len(str(p))):
            command = command.replace(f"{base}/", "").replace(str(base), ".")
        return command

    def _workflow(self, main: str, software: Mapping[str, Any], people: Sequence[str], license_id: str) -> None:
        requirements = [
            self._add(
                {
                    "@id": f"#software/{quote(name)}-{quote(version)}",
                    "@type": "SoftwareApplication",
                    "name": name,
                    "softwareVersion": version,
                }
            )
            for name, version in self._versions()
        ]
        self._add(
            {
                "@id": SNAKEMAKE,
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "identifier": {"@id": "https://doi.org/10.12688/f1000research.29032.3"},
                "url": {"@id": "https://snakemake.github.io"},
                "version": versions_of(["snakemake"]).get("snakemake", ""),
            }
        )
        parts = sorted(
            name for name in self._entities if name.startswith(f"{COPIES}/workflow/") and name.endswith((".py", ".smk"))
        )
        self._entities[main] |= {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": software["title"],
            "description": software["abstract"].strip(),
            "version": __version__,
            "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
            "programmingLanguage": {"@id": SNAKEMAKE},
            "author": _ids(people),
            "license": {"@id": license_id},
            "hasPart": _ids(parts),
            "softwareRequirements": _ids(requirements),
            "input": self._of_parameters(_TAKES),
            "output": self._of_parameters(_GIVES),
        }

    def _parameters(self, told: Iterable[str], read: Iterable[str], written: Iterable[str]) -> None:
        """Formal parameters of the workflow that some file belongs to, and which file belongs to which."""
        told, belongs = set(told), {}
        for identifier in read:
            copied = identifier in told or identifier.startswith(f"{COPIES}/")
            belongs[identifier] = "configuration" if copied else "data"
        for identifier in written:
            belongs.setdefault(identifier, "results")
        for identifier, name in belongs.items():
            self._entities[identifier]["exampleOfWork"] = {"@id": f"#parameter/{name}"}
        for name in dict.fromkeys(belongs.values()):
            self._add(
                {
                    "@id": f"#parameter/{name}",
                    "@type": "FormalParameter",
                    "conformsTo": {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
                    "additionalType": "File",
                    "name": name,
                    "description": (_TAKES | _GIVES)[name],
                    "multipleValues": True,
                    "valueRequired": name != "data",
                }
            )

    def _of_parameters(self, names: Iterable[str]) -> list[Entity] | Entity:
        return _ids(one for name in names if (one := f"#parameter/{name}") in self._entities)

    def _person(self, author: Mapping[str, Any]) -> str:
        name = author.get("name") or " ".join(filter(None, (author.get("given-names"), author.get("family-names"))))
        orcid = author.get("orcid")
        is_person = orcid or "family-names" in author
        return self._add(
            {
                "@id": orcid or "#" + quote(name),
                "@type": "Person" if is_person else "Organization",
                "name": name,
            }
        )

    def _license(self, name: str) -> str:
        """Entity of a licence from its SPDX name, or from its address."""
        identifier = name if "://" in name else f"{LICENSES}{quote(name)}"
        return self._add(
            {"@id": identifier, "@type": "CreativeWork", "name": name, "description": name, "identifier": name}
        )

    def _datasets(self) -> list[dict[str, str]]:
        return [attributes(path) for path in self._ids if path.suffix == ".nc"]

    def _origins(self) -> set[str]:
        return {found["origin"] for found in self._datasets() if "origin" in found}

    def _versions(self) -> list[tuple[str, str]]:
        """Versions of this environment, and those with which datasets of the run were computed."""
        found = set(versions_of(software_of_run(self.root)).items())
        for dataset in self._datasets():
            found |= set(json.loads(dataset.get("versions", "{}")).items())
        return sorted(found)


def _files(path: Path) -> list[Path]:
    """A file, or all files of a folder but bytecode and hidden ones."""
    if path.is_file():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    ]


def _ids(names: Iterable[str]) -> list[Entity] | Entity:
    """References; one alone is no list, as RO-Crate recommends."""
    found = [{"@id": name} for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else found


def _types(entity: Entity) -> list[str]:
    kinds = entity["@type"]
    return kinds if isinstance(kinds, list) else [kinds]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _is_text(path: Path) -> bool:
    with path.open("rb") as stream:
        return b"\0" not in stream.read(1024)
