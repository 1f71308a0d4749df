"""Why a model cannot be used. ``file`` is one of its two, ``found`` what it says, ``wanted`` what it should say."""

from agent.domain.sentence import Template

# --- its files --------------------------------------------------------------------------------------------------------


@Template
def model_no_folder() -> str:
    return "it is no folder"


@Template
def model_folder_lacks(*, wanted: str) -> str:
    return f"its folder lacks one of {wanted}"


@Template
def model_folder_also_holds(*, found: str) -> str:
    return f"its folder also holds {found!r}"


@Template
def model_folder_unreadable(*, cause: str) -> str:
    return f"its folder cannot be read: {cause}"


@Template
def model_file_unreadable(*, file: str, cause: str) -> str:
    return f"{file} cannot be read: {cause}"


@Template
def model_file_no_plain_file(*, file: str) -> str:
    return f"{file} is a link or no plain file"


@Template
def model_file_too_large(*, file: str, most: int) -> str:
    return f"{file} has more than {most} bytes"


@Template
def model_file_refused(*, cause: str) -> str:
    return f"model.onnx is refused: {cause}"


@Template
def model_size_other(*, counted: int, wanted: str) -> str:
    """``wanted`` is the number in its card."""
    return f"model.onnx has {counted} bytes, its card says {wanted}"


@Template
def model_hash_other() -> str:
    return "the SHA-256 of model.onnx is not the one in its card"


# --- its card ---------------------------------------------------------------------------------------------------------


@Template
def card_wrong(*, cause: str) -> str:
    return f"card.json is wrong: {cause}"


@Template
def card_format_other(*, number: int, newest: int) -> str:
    return f"card.json has format {number}, this version reads {newest}"


@Template
def card_kind_other(*, found: str, number: int, wanted: str, newest: int) -> str:
    """``number`` is the format that the card has, ``newest`` the one that this version reads."""
    return f"card.json is a {found} of format {number}, not a {wanted} of {newest}"


@Template
def card_of_another(*, other: str) -> str:
    return f"card.json is that of {other}"


@Template
def card_without_terms() -> str:
    return "its card names no step, no horizon, or a history that is not 24 to 168 h"


@Template
def forecasts_another(*, found: str, wanted: str) -> str:
    return f"it forecasts {found}, not {wanted}"


@Template
def forecasts_unknown(*, found: str, wanted: str) -> str:
    return f"it forecasts {found}, not one of {wanted}"


@Template
def quantiles_other(*, found: str, wanted: str) -> str:
    return f"its quantiles are {found}, not {wanted}"


@Template
def features_unknown(*, found: str) -> str:
    return f"its features are not among those that this version computes: {found}"


@Template
def features_other() -> str:
    return "its features are not those that this version computes"


@Template
def strange_above_other(*, found: str) -> str:
    return f"it calls scores above {found} strange, which are not in 0 to 1"


# --- its self-test ----------------------------------------------------------------------------------------------------


@Template
def self_test_no_numbers() -> str:
    return "the self-test in card.json is empty or holds a value that is not a number"


@Template
def self_test_without_answers() -> str:
    return "the self-test in card.json does not have one answer of every quantile a row"


@Template
def self_test_without_scores() -> str:
    return "the self-test in card.json does not have two scores a row of features"


@Template
def self_test_off(*, found: str, wanted: str) -> str:
    """Both are shares of the answer, in figures."""
    return f"its self-test is off by {found}, more than {wanted} of the answer"


@Template
def self_test_scores_off(*, found: str, wanted: str) -> str:
    return f"its self-test is off by {found}, more than {wanted}"


@Template
def self_test_late(*, within_s: float) -> str:
    return f"it did not pass its self-test within {within_s:g} s"


@Template
def self_test_not_started(*, cause: str) -> str:
    return f"the process to check it could not be started: {cause}"


@Template
def self_test_ended(*, ending: int) -> str:
    """``ending`` is the code that the process ended with."""
    return f"the process that opened it ended with code {ending}"


@Template
def model_needs_memory() -> str:
    return "it needs more memory than a plan may have"


# --- its answers ------------------------------------------------------------------------------------------------------


@Template
def model_not_opened(*, cause: str) -> str:
    return f"onnxruntime does not open it: {cause}"


@Template
def model_too_slow(*, within_s: float) -> str:
    return f"it did not answer within {within_s:g} s and was stopped"


@Template
def model_run_failed(*, cause: str) -> str:
    return f"it failed while running: {cause}"


@Template
def model_shape_other(*, found: str, wanted: str) -> str:
    return f"it answered in the shape {found}, not {wanted}"


@Template
def model_tensors_other(*, takes: str, gives: str, wanted_in: str, wanted_out: str) -> str:
    return f"it takes {takes} and gives {gives}, not {wanted_in} and {wanted_out}"


@Template
def model_not_finite() -> str:
    return "it answered with a value that is not a number"


@Template
def model_step_other(*, found: str, step_s: float) -> str:
    return f"it knows steps of {found} s, not of {step_s:g} s"


@Template
def model_reach_short(*, longest_h: float, asked_h: float) -> str:
    return f"it reaches {longest_h:g} h ahead, {asked_h:g} h are asked for"


@Template
def history_too_short(*, least_h: float, measured_h: float) -> str:
    needed = f"needs {least_h:g} h measured in the four weeks before a forecast"
    return f"it {needed}, there are {measured_h:g} h"
