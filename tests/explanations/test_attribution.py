"""Attributions against captum, shap, brute force and the definition, for all families and links."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import FAMILIES, LINKS, NAMES, PAIRS, game, made, occlusion, shapley

from bopstats.explanations.attribution import ATTRIBUTIONS, Attributor
from bopstats.explanations.shapley import MOST_EXACT, draw_permutations
from bopstats.explanations.slopes import class_cut, mean_slope
from bopstats.explanations.units import Units

# captum rounds the weights of its steps to single precision; those of 2^16 equal steps are exact.
STEPS = {"n_steps": 2**16, "method": "riemann_middle"}
CHAINED = ((0,), (1,), (0, 1), (1, 2), (0, 2, 3))


def terms(size):
    return Units(tuple(f"u{i}" for i in range(size)), np.eye(size, dtype=bool))


def variables(members=CHAINED, size=4):
    member = np.array([[u in own for u in range(size)] for own in members])
    return Units(tuple(f"u{i}" for i in range(size)), member)


def attributor(method, family, units, seed=0):
    return Attributor(method, family, units, draw_permutations(units.size, seed))


def invented(seed, rows=7, size=5, scale=0.4):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(rows, size)), rng.normal(size=rows)


@pytest.fixture(scope="module")
def captum():
    """captum, and a GLM as a torch module on contributions: μ(η₀ + Σ c)."""
    torch = pytest.importorskip("torch", reason="torch (extra 'oracles') is not installed")
    attr = pytest.importorskip("captum.attr", reason="captum (extra 'oracles') is not installed")
    torch.set_default_dtype(torch.float64)

    class Glm(torch.nn.Module):
        def __init__(self, mean, size):
            super().__init__()
            self.linear = torch.nn.Linear(size, 1)
            self.mean = mean()

        def forward(self, x):
            return self.mean(self.linear(x))

    def model(mean, weights, intercept):
        net = Glm(mean, len(weights))
        with torch.no_grad():
            net.linear.weight[:] = torch.from_numpy(weights)
            net.linear.bias[:] = intercept
        return net

    yield torch, attr, model
    torch.set_default_dtype(torch.float32)


def of_people(seed, size=6, rows=10):
    """Coefficients, people, a baseline person, contributions and linear predictors."""
    rng = np.random.default_rng(seed)
    beta, x, at = rng.normal(size=size), rng.normal(size=(rows, size)), rng.normal(size=size)
    return beta, x, at, beta * (x - at), 0.3 + x @ beta


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("method", ["integrated_gradients", "deeplift"])
def test_gradients_of_a_logit_equal_captum(captum, method):
    torch, attr, model = captum
    beta, x, at, parts, whole = of_people(1)
    net = model(torch.nn.Sigmoid, beta, 0.3)
    inputs, baseline = torch.from_numpy(x), torch.from_numpy(at)[None]
    if method == "deeplift":
        expected = attr.DeepLift(net).attribute(inputs, baseline)
    else:
        expected = attr.IntegratedGradients(net).attribute(inputs, baseline, **STEPS)
    found, _ = attributor(method, FAMILIES.Binomial(), terms(6)).values(parts, whole)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_integrated_gradients_of_a_log_link_equal_captum(captum):
    torch, attr, model = captum

    class Exp(torch.nn.Module):
        def forward(self, x):
            return torch.exp(x)

    beta, x, at, parts, whole = of_people(2)
    beta, parts, whole = 0.3 * beta, 0.3 * parts, 0.3 + 0.3 * (whole - 0.3)
    expected = attr.IntegratedGradients(model(Exp, beta, 0.3)).attribute(
        torch.from_numpy(x), torch.from_numpy(at)[None], **STEPS
    )
    found, _ = attributor("integrated_gradients", FAMILIES.Poisson(), terms(6)).values(parts, whole)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore")
def test_linear_shap_equals_shap():
    shap = pytest.importorskip("shap", reason="shap (extra 'oracles') is not installed")
    beta, x, _, _, _ = of_people(3)
    training = np.random.default_rng(4).normal(size=(80, 6))
    masker = shap.maskers.Independent(training, max_samples=80)
    explained = shap.LinearExplainer((beta, 0.3), masker).shap_values(x)
    parts = beta * (x - training.mean(axis=0))
    whole = 0.3 + x @ beta
    found, _ = attributor("linear_shap", FAMILIES.Binomial(), terms(6)).values(parts, whole)
    np.testing.assert_allclose(found, explained, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("family", "link"), [pair[:2] for pair in PAIRS[:5] + PAIRS[8:9]])
@pytest.mark.parametrize("units", [terms(5), variables()], ids=["terms", "variables"])
def test_shapley_and_occlusion_equal_brute_force(family, link, units):
    family, names = made(family, link), list(range(units.size))
    members = [tuple(np.flatnonzero(row)) for row in units.member]
    parts, start = invented(5)
    whole = start + parts.sum(axis=1)
    found, variance = attributor("shapley", family, units).values(parts, whole)
    assert variance is None
    masked, _ = attributor("occlusion", family, units).values(parts, whole)
    for i in range(len(parts)):
        value = game(family.link.inverse, start[i], parts[i], members)
        np.testing.assert_allclose(found[i], shapley(value, names), rtol=0, atol=1e-13)
        np.testing.assert_allclose(masked[i], occlusion(value, names), rtol=0, atol=1e-13)


def test_many_people_are_enumerated_in_pieces():
    parts, start = invented(6, rows=1500, size=11)
    whole, family = start + parts.sum(axis=1), FAMILIES.Binomial()
    found, _ = attributor("shapley", family, terms(11)).values(parts, whole)
    some = [0, 1023, 1024, 1499]
    alone, _ = attributor("shapley", family, terms(11)).values(parts[some], whole[some])
    np.testing.assert_allclose(found[some], alone, rtol=0, atol=1e-14)


def test_sampled_shapley_values_are_within_their_stated_error():
    size = MOST_EXACT + 1
    parts, start = invented(7, rows=30, size=size, scale=1.0)
    whole, family = start + parts.sum(axis=1), FAMILIES.Binomial()
    exact = Attributor("shapley", family, terms(size), np.empty((0, size), dtype=int))
    truth, _ = exact.values(parts, whole)
    scores = []
    for seed in range(20):
        found, variance = attributor("shapley", family, terms(size), seed).values(parts, whole)
        change = family.link.inverse(whole) - family.link.inverse(start)
        np.testing.assert_allclose(found.sum(axis=1), change, atol=1e-13)
        scores.append((found - truth) / np.sqrt(variance))
    # Errors of an unbiased estimate over a standard error of 64 pairs: mean 0, variance near 1.
    assert abs(np.mean(scores)) < 0.05
    assert 0.85 < np.std(scores) < 1.2


def test_sampling_depends_on_the_seed_alone():
    first, again, other = (draw_permutations(15, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (np.sort(first, axis=1) == np.arange(15)).all()


def test_variables_share_a_term_as_the_shapley_value_of_the_linear_predictor_does():
    units = variables()
    members = [tuple(np.flatnonzero(row)) for row in units.member]
    parts, start = invented(8)
    found, _ = attributor("linear_shap", FAMILIES.Poisson(), units).values(
        parts, start + parts.sum(axis=1)
    )
    for i in range(len(parts)):
        value = game(lambda eta: eta, start[i], parts[i], members)
        np.testing.assert_allclose(found[i], shapley(value, range(4)), rtol=0, atol=1e-13)


@pytest.mark.parametrize("method", [m for m in ATTRIBUTIONS if m != "occlusion"])
@pytest.mark.parametrize(("family", "link", "domain"), PAIRS, ids=NAMES)
def test_attributions_sum_to_the_change_of_the_prediction(family, link, domain, method):
    """Completeness, also where the prediction is next to the baseline's."""
    family = made(family, link)

    @given(st.floats(*domain), st.floats(*domain), st.integers(0, 10**6), st.floats(-14, 0))
    def complete(start, end, seed, near):
        end = start + (end - start) * 10**near
        shares = np.random.default_rng(seed).dirichlet(np.ones(4))
        parts = (end - start) * shares[None]
        whole = start + parts.sum(axis=1)
        found, _ = attributor(method, family, terms(4)).values(parts, whole)
        mu = family.link.inverse
        if method == "linear_shap":
            assert abs(found.sum() - (whole[0] - start)) <= 1e-13 * max(1, abs(start))
        else:
            change = float(mu(whole)[0] - mu(np.array([start]))[0])
            size = max(1.0, abs(float(mu(np.array([start]))[0])), abs(float(mu(whole)[0])))
            assert abs(found.sum() - change) <= 2e-14 * size

    complete()


@pytest.mark.parametrize(("family", "link", "domain"), PAIRS, ids=NAMES)
def test_mean_slopes_keep_their_digits(family, link, domain):
    """Against 60 digits, also where a quotient of rounded means has none left."""
    exact = {
        "Logit": lambda z: 1 / (1 + mpmath.exp(-z)),
        "Probit": mpmath.ncdf,
        "Cauchy": lambda z: mpmath.mpf(1) / 2 + mpmath.atan(z) / mpmath.pi,
        "CLogLog": lambda z: 1 - mpmath.exp(-mpmath.exp(z)),
        "LogLog": lambda z: mpmath.exp(-mpmath.exp(-z)),
        "Log": mpmath.exp,
        "Identity": lambda z: z,
        "InversePower": lambda z: 1 / z,
        "InverseSquared": lambda z: 1 / mpmath.sqrt(z),
        "Sqrt": lambda z: z**2,
        "Power": lambda z: z ** (1 / mpmath.mpf(0.7)),
    }[link.__name__]
    rng, family = np.random.default_rng(9), made(family, link)
    for gap in (1e-15, 1e-12, 1e-8, 1e-4, 0.1, 0.5):
        for _ in range(5):
            low, high = domain
            start = rng.uniform(low, high - gap)
            end = start + gap
            with mpmath.workdps(60):
                a, b = mpmath.mpf(float(start)), mpmath.mpf(float(end))
                slope = float((exact(b) - exact(a)) / (b - a)) if a != b else None
            found = mean_slope(family, np.array([start]), np.array([end]))[0]
            if slope is not None:
                assert found == pytest.approx(slope, rel=2e-13)
    flat = mean_slope(family, np.array([0.5]), np.array([0.5]))[0]
    assert flat == pytest.approx(float(family.link.inverse_deriv(0.5)), rel=1e-13)


def test_far_apart_predictions_do_not_overflow():
    far = np.array([-800.0, 0.0, 800.0])
    for family in (FAMILIES.Binomial(), FAMILIES.Poisson()):
        found = mean_slope(family, far, -far)
        assert np.isfinite(found[1])
    logit = mean_slope(FAMILIES.Binomial(), far, -far)
    np.testing.assert_allclose(logit, [1 / 1600, 0.25, 1 / 1600], rtol=1e-14)


@pytest.mark.parametrize("threshold", [1e-6, 0.1, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("link", [pair[1] for pair in PAIRS[:6]])
def test_a_class_is_read_off_the_linear_predictor(link, threshold):
    family = FAMILIES.Binomial(link=link())
    cut = class_cut(family, threshold)
    assert family.link.inverse(cut) >= threshold
    assert family.link.inverse(np.nextafter(cut, -np.inf)) < threshold
    grid = cut + np.linspace(-1, 1, 1001) * 1e-9
    assert ((grid >= cut) == (family.link.inverse(grid) >= threshold)).mean() > 0.999


@pytest.mark.parametrize("method", ["integrated_gradients", "deeplift", "linear_shap"])
def test_signed_ranks_follow_the_signed_attributions(method):
    family = FAMILIES.Gamma(link=LINKS.InversePower())  # the mean falls as the predictor grows
    parts, _ = invented(10)
    whole = 3.0 + parts.sum(axis=1)
    each = attributor(method, family, terms(5))
    score, _ = each.ranked_by(parts, whole, "signed")
    values, _ = each.values(parts, whole)
    assert (np.argsort(-score, axis=1) == np.argsort(-values, axis=1)).all()
