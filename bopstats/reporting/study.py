"""Sentences of a methods section about the study: models, groups, held-out rows, design, costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bopstats.costs import Cost
from bopstats.evaluation import Settings
from bopstats.reporting.references import Sentence
from bopstats.tables.benefit import cost_name
from bopstats.tables.findings import Findings
from bopstats.tables.options import Options
from bopstats.tables.wording import ATTRIBUTIONS, estimand, listed


def models(findings: Findings, options: Options) -> Iterator[Sentence]:
    """Say what was asked, which models were compared, and in which groups."""
    settings, groups = findings.evaluation.settings, findings.evaluation.groups
    fitted = findings.association is not None
    outcome = settings.outcome
    if settings.event is not None:
        outcome += f" (event: {settings.event})"
    attributes = listed(groups.attributes)
    explained = any(cost.kind == "explanation" for cost in findings.evaluation.costs)
    aim = "predictions and explanations" if explained else "predictions"
    yield (
        f"We asked whether personal attributes ({attributes}) improve {aim} of {outcome} in every "
        f"group of people. The benefit of personalization (BoP) of a group is the mean cost of a "
        "generic model minus the mean cost of a personalized model that also uses these "
        "attributes; positive values mean that personalization helps.",
        ("bop", "limits"),
    )
    if fitted:
        yield (
            f"Both are generalized linear models ({settings.family} family, {settings.link} link) "
            f"on the same rows, formula {settings.formula}.",
            ("glm",),
        )
    if settings.penalty == "firth":
        yield "Both were fitted with Firth's penalty.", ("firth", "heinze")
    if settings.dispersion is not None:
        yield (
            "The dispersion of the negative binomial law was estimated by maximum likelihood, "
            f"one value for both models ({settings.dispersion:.3g}).",
            (),
        )
    crossing = "levels" if len(groups.attributes) == 1 else "combinations of levels"
    yield f"Groups were the {groups.n_groups} {crossing} of {attributes}.", ()
    if isinstance(options.prespecified, str):
        yield f"The analysis by these groups was pre-specified ({options.prespecified}).", ()
    elif options.prespecified is not None:
        kind = "pre-specified" if options.prespecified else "exploratory"
        yield f"The analysis by these groups was {kind}.", ()
    if (findings.evaluation.row_flow["step"].str.startswith("missing")).any():
        yield (
            "Rows with a missing value in any variable of either model were left out of both.",
            (),
        )


def evaluation(findings: Findings) -> Iterator[Sentence]:
    """Say how rows were held out, what is estimated, and how rows were drawn."""
    settings = findings.evaluation.settings
    yield from _held_out(settings)
    if settings.evaluation not in ("in-sample", "predictions"):
        yield f"The quantity estimated is the {estimand(settings)}.", ()
    if settings.partitions > 1:
        yield (
            f"Everything was computed in each of {settings.partitions} partitions; estimates are "
            "means over partitions, confidence limits and p-values medians.",
            ("median",),
        )
    if findings.evaluation.refitted is not None:
        yield from _refitted(findings.evaluation.refitted.method)
    elif settings.folds > 1:
        units = "clusters" if settings.clustered else "rows"
        yield (
            f"Inference takes {units} as independent given the folds, which is an approximation.",
            ("bayle", "bates"),
        )
    yield from _design(settings)


def _design(settings: Settings) -> Iterator[Sentence]:
    if settings.weight_type == "freq":
        yield "Rows counted as often as their frequency weights say.", ()
    elif settings.weight_type is not None:
        kind = {"prob": "Sampling", "precision": "Precision"}[settings.weight_type]
        yield (
            f"{kind} weights entered the fitting of the models and all means; standard errors are "
            "linearised.",
            ("sampling",),
        )
    if settings.clustered:
        dealt = settings.evaluation in ("cross-fitting", "hold-out")
        together = "All rows of a cluster were held out together, and the" if dealt else "The"
        yield (
            f"{together} {settings.clusters} clusters were the sampling units of all standard "
            "errors.",
            ("sampling",),
        )
    if settings.strata:
        yield (
            f"Standard errors allow for {settings.strata} sampling strata; groups are domains of "
            "the design.",
            ("sampling",),
        )


def _held_out(settings: Settings) -> Iterator[Sentence]:
    if settings.evaluation == "predictions":
        folds = f" in {settings.folds} folds" if settings.folds > 1 else ""
        yield (
            f"The predictions of both models were made beforehand{folds}, by models trained on "
            "[the authors state on which rows].",
            (),
        )
    elif settings.evaluation == "in-sample":
        yield (
            "Both models were judged on the rows that trained them, so all benefits are "
            "optimistic.",
            (),
        )
    elif settings.evaluation == "cross-fitting":
        how = (
            "dealt to folds by a hash of their key"
            if settings.fold_rule == "hash"
            else "dealt to folds within groups, without regard to the outcome"
        )
        yield (
            f"Both models were evaluated by {settings.folds}-fold cross-fitting: rows were {how}, "
            "and each row's costs come from models fitted on the other folds.",
            (),
        )
    elif settings.test_share is not None:
        yield (
            f"A share of {settings.test_share:g} of the rows was held out, and costs are those of "
            "these rows under models fitted on the others.",
            (),
        )
    else:
        sets = "a test set" if settings.folds == 1 else f"{settings.folds} test sets"
        yield f"Costs are those of {sets}, given beforehand, that trained neither model.", ()


def _refitted(method: str) -> Iterator[Sentence]:
    if method == "nested":
        yield "Intervals and p-values are those of nested cross-validation.", ("bates",)
    else:
        yield (
            "Intervals and p-values allow for the training of the models: both were fitted anew "
            "in each bootstrap sample.",
            (),
        )


def costs(findings: Findings, options: Options) -> Iterator[Sentence]:
    """Say what was measured, of predictions and of explanations."""
    settings, every = findings.evaluation.settings, findings.evaluation.costs
    first, *others = [cost for cost in every if cost.kind == "prediction"]
    yield f"The primary cost was the {_named(first, options)}.", _works([first])
    if others:
        named = listed([f"the {_named(cost, options)}" for cost in others])
        yield (
            f"{named[:1].upper()}{named[1:]} {'was' if len(others) == 1 else 'were'} exploratory.",
            _works(others),
        )
    if any(cost.name == "net_benefit" or cost.integer for cost in every):
        yield f"The event was predicted from a probability of {settings.threshold:g}.", ()
    explained = [cost for cost in every if cost.kind == "explanation"]
    if explained:
        yield from _explanations(settings)
        yield (
            f"The cost of sufficiency is the {explained[0].unit} when only what ranks highest is "
            "kept, that of incomprehensiveness minus the same when only this is masked; both were "
            "exploratory.",
            ("eraser", "bop"),
        )


_ATTRIBUTION_WORKS = {
    "integrated_gradients": "gradients",
    "deeplift": "deeplift",
    "linear_shap": "shap",
    "shapley": "shap",
    "occlusion": "occlusion",
}


def _explanations(settings: Settings) -> Iterator[Sentence]:
    if settings.top is None:
        yield "What explanations keep and mask was given with the predictions.", ()
        return
    what = ATTRIBUTIONS[settings.attribution]
    order = "the size of their" if settings.rank == "absolute" else "their signed"
    top = str(settings.top)
    if settings.top_personalized not in (None, settings.top):
        top += f" (personalized model: {settings.top_personalized})"
    yield (
        f"Explanations rank the {settings.unit}s of a model by {order} {what}; the top {top}, of "
        f"{settings.n_terms} in the generic model, are kept or masked, and what is masked is set "
        f"to {settings.baseline}.",
        (_ATTRIBUTION_WORKS[settings.attribution],),
    )


def _named(cost: Cost, options: Options) -> str:
    """Return a cost's name as it stands within a sentence, with its unit."""
    label = cost_name(cost, options)
    if cost.name not in options.labels:
        if cost.unit.startswith("minus "):
            return f"{cost.unit.removeprefix('minus ')} (negated)"
        if cost.name != "brier":
            label = label[:1].lower() + label[1:]
    return f"{label} ({cost.unit})"


def _works(costs: Iterable[Cost]) -> tuple[str, ...]:
    return tuple(cost.name for cost in costs if cost.name in ("brier", "net_benefit"))
