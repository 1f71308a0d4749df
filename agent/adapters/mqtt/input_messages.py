"""What a message from the platform is made of, and the inputs: prices, carbon, weather and limits, as strict models."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from agent.domain.inputs import CarbonInput, GridLimitInput, TariffInput, WeatherInput
from agent.domain.money import beyond_spikes, unlikely_list

LONGEST_LIST = 2016  # a week of five-minute steps
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"times are from {EARLIEST.year} to {LATEST.year}")
    return at.astimezone(UTC)


Prices = tuple[float | None, ...] | None
Utc = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def _possible(price: float, found: ValidationInfo) -> float:
    """A price per kWh that a market has let happen, in the currency that is the context."""
    wrong = beyond_spikes(price, str(found.context))
    if wrong is not None:
        raise PydanticCustomError("price", "{wrong}", {"wrong": wrong})
    return price


def _likely(prices: Prices, found: ValidationInfo) -> Prices:
    doubt = unlikely_list(prices or (), found.data.get("step_s", 3600), str(found.context))
    if doubt is not None:
        raise PydanticCustomError("prices", "{doubt}", {"doubt": doubt})
    return prices


Price = Annotated[float, AfterValidator(_possible)]
Carbon = Annotated[float, Field(ge=0.0, le=3.0)]  # kg per kWh: lignite alone is about 1.2
Temperature = Annotated[float, Field(ge=-80.0, le=65.0)]
Irradiance = Annotated[float, Field(ge=0.0, le=1600.0)]
Percent = Annotated[float, Field(ge=0.0, le=100.0)]
Watts = Annotated[float, Field(ge=0.0, le=1e8)]
MANY = Field(min_length=1, max_length=LONGEST_LIST)
COLUMN = Field(default=(), max_length=LONGEST_LIST)


class Message(BaseModel):
    """What comes in: strict, of finite numbers, and passed over where a field is not known."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class _Raster(Message):
    issued_at: Utc
    valid_from: Utc
    step_s: Annotated[int, Field(ge=60, le=86400)]


class TariffMessage(_Raster):
    import_price: Annotated[tuple[Price | None, ...], MANY]
    export_price: Annotated[tuple[Price | None, ...], MANY] | None = None

    _no_cents = field_validator("import_price", "export_price")(_likely)

    @model_validator(mode="after")
    def _same_length(self) -> "TariffMessage":
        if self.export_price is not None and len(self.export_price) != len(self.import_price):
            raise ValueError("import_price and export_price have different lengths")
        return self

    def frozen(self) -> TariffInput:
        return TariffInput(self.issued_at, self.valid_from, self.step_s, self.import_price, self.export_price)


class CarbonMessage(_Raster):
    kg_per_kwh: Annotated[tuple[Carbon | None, ...], MANY]

    def frozen(self) -> CarbonInput:
        return CarbonInput(self.issued_at, self.valid_from, self.step_s, self.kg_per_kwh)


class WeatherMessage(_Raster):
    temperature_c: Annotated[tuple[Temperature | None, ...], COLUMN]
    ghi_w_m2: Annotated[tuple[Irradiance | None, ...], COLUMN]
    cloud_pct: Annotated[tuple[Percent | None, ...], COLUMN]

    @model_validator(mode="after")
    def _same_length(self) -> "WeatherMessage":
        lengths = {len(column) for column in (self.temperature_c, self.ghi_w_m2, self.cloud_pct) if column}
        if len(lengths) != 1:
            raise ValueError("the weather's columns are all empty or have different lengths")
        return self

    def frozen(self) -> WeatherInput:
        columns = (self.temperature_c, self.ghi_w_m2, self.cloud_pct)
        return WeatherInput(self.issued_at, self.valid_from, self.step_s, *columns)


class GridLimitMessage(Message):
    issued_at: Utc
    valid_from: Utc
    valid_to: Utc
    import_limit_w: Watts | None = None
    export_limit_w: Watts | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "GridLimitMessage":
        if self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from")
        return self

    def frozen(self) -> GridLimitInput:
        limits = (self.import_limit_w, self.export_limit_w)
        return GridLimitInput(self.issued_at, self.valid_from, self.valid_to, *limits)
