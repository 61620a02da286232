"""Files of Rigaku and Bruker in archives, as the layouts tell: written for tests, by no code of the readers."""

from __future__ import annotations

import zipfile

import numpy as np

X = np.round(2 + 0.05 * np.arange(1200), 4)
MODEL = 200 + 4000 * np.exp(-0.5 * ((X - 20) / 0.3) ** 2) + 900 * np.exp(-0.5 * ((X - 41) / 0.4) ** 2)
COUNTS = np.random.default_rng(5).poisson(MODEL)
FACTOR = np.where(COUNTS > 2000, 8.3, 1.0)


def packed(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def profile(x=X, y=COUNTS, factor=1.0) -> str:
    columns = np.broadcast_arrays(x, y, factor)
    return "\ufeff" + "".join(f"{a:.4f}\t{b:.12g}\t{c:g}\r\n" for a, b, c in zip(*columns, strict=True))


def conditions(axis="TwoThetaTheta", unit="counts", speed="0.5", speed_unit="deg/min", target="Mo", count=0):
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<MeasurementConditions><GeneralInformation><Comment />'
        "<SampleName>x50 β</SampleName></GeneralInformation><HWConfigurations><XrayGenerator>"
        f"<TargetName>{target}</TargetName><WavelengthKalpha1>0.709300</WavelengthKalpha1></XrayGenerator>"
        f"</HWConfigurations><ScanInformation><AxisName>{axis}</AxisName><Mode>CONTINUOUS</Mode><Step>0.0500</Step>"
        f"<Speed>{speed}</Speed><SpeedUnit>{speed_unit}</SpeedUnit><IntensityUnit>{unit}</IntensityUnit>"
        f"<DataCount>{count}</DataCount></ScanInformation></MeasurementConditions>"
    )


def rasx(path, *profiles, **told):
    parts = {"root.xml": "<Root/>"}
    for n, text in enumerate(profiles or (profile(),)):
        parts |= {f"Data{n}/Profile{n}.txt": text, f"Data{n}/MesurementConditions{n}.xml": conditions(**told)}
    return packed(path, parts)


FIXED = '<RawDataView xsi:type="FixedRawDataView" Start="{}" Length="1" LogicName="{}"/>'


def raw_data(x=X, y=COUNTS, factor=1.0, time=96.0, *, axis="TwoTheta", channels=1, extra=0, flag="Measured") -> str:
    """One scan as DIFFRAC writes it; ``extra`` columns stand between the angles and the counts."""
    columns = np.broadcast_arrays(time, factor, x, x / 2, *([0.125] * extra), y)
    rows = "".join(f"<Datum>{','.join(f'{v:.10g}' for v in row)}</Datum>\n" for row in zip(*columns, strict=True))
    fields = f'<FieldDefinitions FieldName="{axis}" AxisId="{axis}"/><FieldDefinitions AxisId="Theta"/>'
    between = '<RawDataView xsi:type="VaryingRawDataView" Start="4" Length="1"><Varying><FieldDefinitions AxisId="Z"/>'
    views = (
        FIXED.format(0, "MeasuredTime") + FIXED.format(1, "AbsorptionFactor")
        + f'<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying>{fields}</Varying></RawDataView>'
        + (f"{between}</Varying></RawDataView>" if extra else "")
        + f'<RawDataView xsi:type="RecordedRawDataView" Start="{4 + extra}" Length="{channels}">'
        '<Recording LogicName="Counter0D" Category="Count"><Unit Base="Counts"/></Recording></RawDataView>'
    )  # fmt: skip
    return (
        '<?xml version="1.0"?>\n<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><DataRoutes>'
        f'<DataRoute RouteFlag="{flag}"><ScanInformation><TimePerStep>0.5</TimePerStep></ScanInformation>{rows}'
        f"<DataViews>{views}</DataViews></DataRoute></DataRoutes><FixedInformation><Tube>"
        '<WaveLengthAlpha1 Unit="Å" Value="0.5594" /><WaveLengthAlpha2 Unit="Å" Value="0.5638" />'
        "<TubeMaterial>Ag</TubeMaterial></Tube></FixedInformation></RawData>"
    )


def brml(path, *scans):
    parts = {"Experiment0/DataContainer.xml": "<DataContainer/>"}
    # As in true files, the members do not stand in the order of their numbers.
    for n, text in reversed(list(enumerate(scans or (raw_data(),)))):
        parts[f"Experiment0/RawData{n}.xml"] = text
    return packed(path, parts)
