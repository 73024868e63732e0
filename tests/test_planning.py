"""Planning: sample sizes, detectable effects and menus, against each other and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bopstats.exceptions import BopError, DomainError
from bopstats.planning import (
    AttributeBudget,
    DetectableEffect,
    SampleSize,
    attribute_budget,
    attribute_menu,
    detectable_effect,
    menus,
    sample_size,
    solve,
)
from bopstats.theory import (
    Bounded,
    BoundedVariance,
    Gaussian,
    Laplace,
    PublishedCategorical,
    Skellam,
    Ternary,
    Tilted,
    error_lower_bound,
    error_upper_bound,
)

LAWS = [
    Gaussian(0.2),
    Bounded(-1, 1),
    Ternary(0.1),
    BoundedVariance(0.2),
    Laplace(0.2),
    Skellam(0.1),
    PublishedCategorical(),
]


def test_one_normal_group_by_hand():
    # The textbook: (z_a + z_b)² / effect² at equal errors, which is the best split of the sum.
    plan = sample_size(0, 0.1, Gaussian(1.0), max_error=0.1)
    by_hand = int(np.ceil((2 * stats.norm.isf(0.05) / 0.1) ** 2))
    assert plan.necessary == plan.sufficient == by_hand
    effect = detectable_effect(by_hand, 0, Gaussian(1.0), max_error=0.1)
    expected = 2 * stats.norm.isf(0.05) / np.sqrt(by_hand)
    assert effect.necessary == pytest.approx(expected, rel=1e-12)
    assert effect.sufficient == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("k", [0, 3])
def test_rows_are_the_fewest(law, k):
    plan = sample_size(k, 0.02, law)
    d = 2**k
    assert plan.necessary_any <= plan.necessary
    assert error_lower_bound(0.02, plan.necessary / d, law, n_groups=d) <= plan.max_error
    assert error_lower_bound(0.02, (plan.necessary - 1) / d, law, n_groups=d) > plan.max_error
    if law.has_test:
        each = plan.sufficient // d
        assert each * d == plan.sufficient >= plan.necessary
        assert error_upper_bound(0.02, each, law, n_groups=d) <= plan.max_error
        assert error_upper_bound(0.02, each - 1, law, n_groups=d) > plan.max_error
    else:
        assert plan.sufficient is None


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_solving_inverts_itself(law):
    k, effect = 3, 0.02
    size = solve(law=law, k=k, effect=effect)
    assert isinstance(size, SampleSize)
    enough = solve(law=law, n_total=size.necessary, effect=effect)
    assert isinstance(enough, AttributeBudget)
    assert enough.necessary_balanced == k
    too_few = solve(law=law, n_total=size.necessary - 1, effect=effect)
    assert too_few.necessary_balanced == k - 1
    back = solve(law=law, n_total=size.necessary, k=k)
    assert isinstance(back, DetectableEffect)
    assert back.necessary <= effect * (1 + 1e-9)
    assert back.necessary == pytest.approx(effect, rel=2 * 8 / size.necessary + 1e-9)
    if law.has_test:
        assert attribute_budget(size.sufficient, effect, law).achievable == k
        assert attribute_budget(size.sufficient - 8, effect, law).achievable == k - 1
        found = detectable_effect(size.sufficient, k, law).sufficient
        assert found == pytest.approx(effect, rel=2 * 8 / size.sufficient + 1e-9)
        assert found <= effect * (1 + 1e-9)


def test_levels_of_attributes():
    plan = sample_size(2, 0.1, Gaussian(0.5), levels=[2, 5, 4])
    assert plan.n_groups == 10
    same = sample_size(1, 0.1, Gaussian(0.5), levels=10)
    assert (plan.necessary, plan.sufficient) == (same.necessary, same.sufficient)
    assert detectable_effect(5000, 2, Gaussian(0.5), levels=[2, 5, 4]).n_groups == 10


def test_sizes_beyond_float_integers():
    plan = sample_size(40, 1e-6, Gaussian(10.0))
    d = 2**40
    assert plan.necessary_any < plan.necessary < plan.sufficient
    assert plan.sufficient % d == 0
    at = error_upper_bound(1e-6, plan.sufficient / d, Gaussian(10.0), n_groups=float(d))
    assert at == pytest.approx(0.25, abs=1e-6)


def test_no_effect_is_large_enough():
    # 8 rows in 8 groups of a bounded benefit: even the largest benefit is not found.
    plan = detectable_effect(8, 3, Bounded(-1, 1), max_error=0.1)
    assert plan.necessary == plan.sufficient == "none"
    # More groups than rows: some group is empty.
    assert detectable_effect(7, 3, Gaussian(1.0)).necessary_any == "none"
    known = detectable_effect(1000, 1, PublishedCategorical())
    assert known.sufficient is None
    assert known.necessary == known.necessary_any


def test_effects_at_the_edge_of_a_sample():
    law = Tilted(np.linspace(-1, 1, 21))
    plan = sample_size(1, 0.1, law)
    assert plan.necessary < plan.sufficient
    # No tilt has the largest value as its mean: no number of rows is known to do.
    assert sample_size(0, 1.0, law).sufficient is None


def test_frames_and_texts_of_sizes_and_effects():
    size = sample_size(2, 0.05, Gaussian(0.3), levels=3)
    frame = size.to_frame().set_index("quantity")["rows"]
    assert frame["sufficient"] == size.sufficient
    assert "9 groups" in str(size)
    assert f"{size.necessary:,}" in str(size)
    effect = detectable_effect(500, 2, Gaussian(0.3))
    frame = effect.to_frame().set_index("quantity")["effect"]
    assert frame["necessary"] == effect.necessary
    assert f"{effect.sufficient:.6g}" in str(effect)
    assert "none" in str(detectable_effect(7, 3, Gaussian(1.0)))


def test_menu_of_level_counts():
    menu = attribute_menu({"sex": 2, "race": 5, "age": 4}, 5000, 0.1, Gaussian(0.5))
    assert len(menu.items) == 8
    for item in menu.items:
        d = int(np.prod([{"sex": 2, "race": 5, "age": 4}[a] for a in item.attributes]))
        assert item.n_groups == d
        assert item.smallest_group == pytest.approx(5000 / d)
        low = error_lower_bound(0.1, 5000 / d, Gaussian(0.5), n_groups=d)
        high = error_upper_bound(0.1, 5000 / d, Gaussian(0.5), n_groups=d)
        assert item.error_lower == pytest.approx(float(low), rel=1e-9)
        assert item.error_upper == pytest.approx(float(high), rel=1e-9)
    order = {"verifiable": 0, "not settled by theory": 1, "not verifiable": 2}
    ranks = [order[item.verdict] for item in menu.items]
    assert ranks == sorted(ranks)
    assert {item.verdict for item in menu.items} >= {"verifiable", "not verifiable"}
    # Exactly one row in each group is not an empty group.
    tiny = attribute_menu({"a": 2, "b": 4}, 8, 0.5, Gaussian(1.0))
    assert min(item.smallest_group for item in tiny.items) == 1.0


def test_menu_verdicts_follow_the_bounds():
    menu = attribute_menu({f"a{i}": 2 for i in range(8)}, 20_000, 0.05, Bounded(-1, 1))
    for item in menu.items:
        if item.verdict == "verifiable":
            assert item.error_upper <= menu.max_error
        elif item.verdict == "not verifiable":
            assert item.error_lower > menu.max_error
        else:
            assert item.error_lower <= menu.max_error < item.error_upper
    assert len(menu.items) == 256
    most = max(len(item.attributes) for item in menu.items if item.verdict == "verifiable")
    assert most == attribute_budget(20_000, 0.05, Bounded(-1, 1)).achievable


def test_menu_of_shares():
    menu = attribute_menu(
        {"sex": 2, "race": {"W": 0.7, "B": 0.2, "A": 0.1}}, 2000, 0.05, Gaussian(0.2)
    )
    both = next(item for item in menu.items if len(item.attributes) == 2)
    sizes = 2000 * np.outer([0.5, 0.5], [0.7, 0.2, 0.1]).ravel()
    assert both.smallest_group == pytest.approx(100)
    assert both.error_lower == pytest.approx(
        float(error_lower_bound(0.05, sizes, Gaussian(0.2))), rel=1e-9
    )
    assert both.error_upper == pytest.approx(
        float(error_upper_bound(0.05, sizes, Gaussian(0.2))), rel=1e-9
    )
    assert "independent" in menu.note


def test_menu_of_a_pilot():
    rng = np.random.default_rng(5)
    pilot = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], 900),
            "race": rng.choice(["a", "b", "c"], 900, p=[0.6, 0.3, 0.1]),
            "age": rng.integers(0, 3, 900),
        }
    )
    pilot.loc[(pilot.sex == "f") & (pilot.race == "c") & (pilot.age == 2), "age"] = 1
    pilot.loc[:9, "age"] = None
    complete = pilot.dropna()
    menu = attribute_menu(pilot, None, 0.05, Gaussian(0.2))
    assert menu.n_total == len(complete) == 890
    assert "10 with missing values" in menu.note
    for item in menu.items:
        if not item.attributes:
            counts = np.array([890.0])
        else:
            table = complete.groupby(list(item.attributes)).size()
            levels = [complete[a].unique() for a in item.attributes]
            index = pd.MultiIndex.from_product(levels) if len(levels) > 1 else pd.Index(levels[0])
            counts = table.reindex(index, fill_value=0).to_numpy().astype(float)
        assert item.n_groups == counts.size
        assert item.smallest_group == pytest.approx(counts.min())
        assert item.error_lower == pytest.approx(
            float(error_lower_bound(0.05, counts, Gaussian(0.2))), rel=1e-9
        )
        assert item.error_upper == pytest.approx(
            float(error_upper_bound(0.05, counts, Gaussian(0.2))), rel=1e-9
        )
    full = next(item for item in menu.items if len(item.attributes) == 3)
    assert full.smallest_group == 0
    assert full.error_lower == full.error_upper == 1.0
    larger = attribute_menu(pilot, 8900, 0.05, Gaussian(0.2))
    assert larger.n_total == 8900
    assert larger.items[0].error_upper <= menu.items[0].error_upper


def test_menus_with_many_sizes_stay_valid():
    # More distinct sizes than are kept: rounded so that both bounds stay bounds.
    rng = np.random.default_rng(6)
    shares = {f"a{i}": [p, 1 - p] for i, p in enumerate(rng.uniform(0.3, 0.5, 8))}
    menu = attribute_menu(shares, 3e5, 0.05, Gaussian(0.5))
    full = next(item for item in menu.items if len(item.attributes) == 8)
    sizes = np.ones(1)
    for share in shares.values():
        sizes = np.multiply.outer(sizes, share).ravel()
    low = float(error_lower_bound(0.05, 3e5 * sizes, Gaussian(0.5)))
    high = float(error_upper_bound(0.05, 3e5 * sizes, Gaussian(0.5)))
    assert 0.9 * low < full.error_lower <= low * (1 + 1e-9)
    assert high * (1 - 1e-9) <= full.error_upper < 1.1 * high
    assert full.n_groups == 256


def test_menu_without_a_known_test():
    menu = attribute_menu({"a": 2, "b": 3}, 100_000, 0.05, PublishedCategorical())
    assert all(np.isnan(item.error_upper) for item in menu.items)
    assert {item.verdict for item in menu.items} <= {"not settled by theory", "not verifiable"}


def test_menu_frame_and_text():
    menu = attribute_menu({f"a{i}": 2 for i in range(6)}, 5000, 0.1, Gaussian(0.5))
    frame = menu.to_frame()
    assert list(frame.columns) == [
        "attributes", "n_attributes", "n_groups", "smallest_group", "error_lower", "error_upper",
        "verdict",
    ]  # fmt: skip
    assert len(frame) == 64
    text = str(menu)
    assert "24 more" in text
    assert "5000 rows" in text
    assert "(none: the pooled population)" in str(
        attribute_menu({"a": 2}, 5000, 0.1, Gaussian(0.5))
    )


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: attribute_budget(0, 0.1, Gaussian(1.0)), "n_total"),
        (lambda: attribute_budget(np.inf, 0.1, Gaussian(1.0)), "n_total"),
        (lambda: attribute_budget(100, 0.0, Gaussian(1.0)), "effect"),
        (lambda: attribute_budget(100, -1.0, Gaussian(1.0)), "effect"),
        (lambda: attribute_budget(100, 0.1, "gauss"), "law"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), max_error=0.0), "max_error"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), max_error=1.0), "max_error"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), levels=1), "levels"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), levels=[2, 1]), "levels"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), levels=[]), "levels"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), levels="2"), "levels"),
        (lambda: attribute_budget(100, 0.1, Gaussian(1.0), digits=0), "digits"),
        (lambda: sample_size(-1, 0.1, Gaussian(1.0)), "k"),
        (lambda: sample_size(1.5, 0.1, Gaussian(1.0)), "k"),
        (lambda: sample_size(3, 0.1, Gaussian(1.0), levels=[2, 2]), "k"),
        (lambda: detectable_effect(100, 1, "gauss"), "law"),
        (lambda: detectable_effect(-5, 1, Gaussian(1.0)), "n_total"),
        (lambda: solve(law=Gaussian(1.0)), "n_total, k, effect"),
        (lambda: solve(law=Gaussian(1.0), n_total=1, k=1, effect=0.1), "n_total, k, effect"),
        (lambda: solve(law=Gaussian(1.0), k=1), "n_total, k, effect"),
        (lambda: attribute_menu({}, 100, 0.1, Gaussian(1.0)), "attributes"),
        (lambda: attribute_menu(["sex"], 100, 0.1, Gaussian(1.0)), "attributes"),
        (lambda: attribute_menu({"a": 1}, 100, 0.1, Gaussian(1.0)), r"attributes\['a'\]"),
        (lambda: attribute_menu({"a": "x"}, 100, 0.1, Gaussian(1.0)), r"attributes\['a'\]"),
        (lambda: attribute_menu({"a": [0.5, 0.4]}, 100, 0.1, Gaussian(1.0)), r"attributes\['a'\]"),
        (lambda: attribute_menu({"a": [1.2, -0.2]}, 100, 0.1, Gaussian(1.0)), r"attributes\['a'\]"),
        (lambda: attribute_menu({"a": [1.0]}, 100, 0.1, Gaussian(1.0)), r"attributes\['a'\]"),
        (lambda: attribute_menu({"a": 2}, None, 0.1, Gaussian(1.0)), "n_total"),
        (
            lambda: attribute_menu(pd.DataFrame({"a": [1, 1]}), 100, 0.1, Gaussian(1.0)),
            r"attributes\['a'\]",
        ),
    ],
)
def test_misuse(call, name):
    with pytest.raises(BopError, match=f"^{name}: got .*; allowed: "):
        call()


def test_too_many_attributes_say_what_to_do():
    with pytest.raises(BopError, match=r"16 attributes.*call attribute_budget"):
        attribute_menu({f"a{i}": 2 for i in range(16)}, 1000, 0.1, Gaussian(1.0))


def test_effects_beyond_the_law():
    for call in (
        lambda: attribute_budget(100, 1.1, Bounded(-1, 1)),
        lambda: sample_size(1, 0.4, Ternary(0.3)),
        lambda: attribute_menu({"a": 2}, 100, 1.1, Bounded(-1, 1)),
    ):
        with pytest.raises(DomainError, match=r"effect: got .*not possible here"):
            call()


def test_the_largest_menu_is_quick_enough():
    menu = attribute_menu({f"a{i}": 2 for i in range(15)}, 1e6, 0.05, Gaussian(0.5))
    assert len(menu.items) == 2**menus.MOST_ATTRIBUTES
