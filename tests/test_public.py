import subprocess
import sys

import pytest

import bopstats as bop


def test_every_public_name_can_be_reached():
    for name in bop.__all__:
        assert getattr(bop, name) is not None
    assert set(bop.theory.__all__) | set(bop.planning.__all__) <= set(dir(bop))
    assert bop.Gaussian is bop.theory.Gaussian
    assert bop.attribute_budget is bop.planning.attribute_budget


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'glmm'"):
        _ = bop.glmm


def test_import_loads_nothing_heavy():
    code = (
        "import sys, bopstats; "
        "heavy = {'numpy', 'pandas', 'scipy', 'statsmodels', 'matplotlib', 'patsy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "[]"
