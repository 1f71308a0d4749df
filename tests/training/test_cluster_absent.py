"""What is said where Dask is not installed, and that nothing asks for it without ``--cluster``."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.site_folder import DESCRIBED, table_of, write_folder
from training.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["fit", "evaluate"])
def test_without_dask_one_sentence_names_the_extra(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.parts.engines.find_spec", lambda name: None)
    words = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--cluster"]
    write_folder(tmp_path, {"mill": DESCRIBED}, {"mill": table_of({"load_kw": [1.0] * 48})})
    monkeypatch.setattr(sys, "argv", ["training", command, *words])
    assert main() == 1
    said = capsys.readouterr().err
    assert said == "--cluster: Dask is not installed; pip install 'enalysis-edge[cluster]', or leave the option out\n"


def test_without_the_option_dask_is_not_loaded() -> None:
    asked = (
        "import sys, training.__main__, training.fit.fit; print({'dask', 'distributed', 'mlflow'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"
