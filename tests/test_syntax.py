import numpy as np
import patsy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bopstats.assembly import Request, build_design
from bopstats.exceptions import BopError, FormulaError
from bopstats.formula import parse
from bopstats.syntax import split_formula


def safe_design(formula, data):
    return build_design(formula, data, Request(safe=True), {})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("y ~ x | sex", ("y", "x", "sex")),
        ("  y~x|sex  ", ("y", "x", "sex")),
        ("y ~ x + I(a | b) | sex", ("y", "x + I(a | b)", "sex")),
        ("y ~ I((a | b) | c) | I(d | e)", ("y", "I((a | b) | c)", "I(d | e)")),
        ('y ~ Q("a|b") | Q("c~d")', ("y", 'Q("a|b")', 'Q("c~d")')),
        ("y ~ Q('it\\'s | here') | sex", ("y", "Q('it\\'s | here')", "sex")),
        ("y ~ C(x, levels=['a|b', \"~\"]) | sex", ("y", "C(x, levels=['a|b', \"~\"])", "sex")),
        ("y ~ Q('ends in a backslash\\\\') | sex", ("y", "Q('ends in a backslash\\\\')", "sex")),
        ("log(y)\n  ~ x\r\n  + z |\n\tsex * race", ("log(y)", "x + z", "sex * race")),
        ("y ~ x[a | b] | s", ("y", "x[a | b]", "s")),
    ],
)
def test_only_the_top_level_bar_splits(text, parts):
    found = split_formula(text)
    assert (found.outcome, found.generic, found.personal) == parts


def test_parts_stand_where_their_starts_say():
    found = split_formula("  log(y)  ~\n x + z  |   sex")
    for part, start in zip(
        (found.outcome, found.generic, found.personal), found.starts, strict=True
    ):
        assert found.text[start:].startswith(part)


names = st.sampled_from(["x", "z_1", "I(a | b)", 'Q("u|v")', "C(s, Treatment('~'))", "log(x)"])
sides = st.lists(names, min_size=1, max_size=4).map(" + ".join)


@given(names, sides, sides, st.sampled_from(["|", " | ", "\n|\n", "|   "]))
def test_joining_and_splitting_gives_the_sides_back(outcome, generic, personal, bar):
    found = split_formula(f"{outcome} ~ {generic}{bar}{personal}")
    assert (found.outcome, found.generic, found.personal) == (outcome, generic, personal)


@pytest.mark.parametrize(
    ("text", "message", "under"),
    [
        ("y", "no '~'", None),
        ("y ~ x", "no bar; write 'outcome ~ generic terms | personal terms'", None),
        ("y ~ I(x | z)", "no bar", None),
        ("y ~ x | sex | race", "a second bar", "| race"),
        ("y ~ x ~ z | sex", "a second '~'", "~ z"),
        ("y | x ~ sex", "a bar before the '~'", "| x"),
        ("~ x | sex", "the outcome is empty", "~ x"),
        ("y ~ | sex", "the generic side is empty; write 1", " | sex"),
        ("y ~ x |", "the personal side is empty", None),
        ("y ~ (x | sex", "'(' is not closed", "(x"),
        ("y ~ x) | sex", "')' closes nothing", ") | sex"),
        ("y ~ [x) | sex", "')' closes nothing", ") | sex"),
        ("y ~ Q('x) | sex", "a quote is not closed", "'x) | sex"),
        ("y ~ x + | sex", "expected a noun", "+ | sex"),
        ("y ~ x | sex $ race", "error tokenizing", " $ race"),
        ("y ~ x | I(sex +)", "'I(sex + )' is not a valid expression", "I(sex +)"),
        ("y ~ lambda v: v | sex", "is not a valid expression", "lambda v"),
        ("y ~ x # now | sex", "comments are not allowed", "# now"),
        ("y ~ 0 + x | sex", "the intercept cannot be removed", "0 + x"),
        ("y ~ x | sex - 1", "the intercept cannot be removed", "sex - 1"),
        ("y ~ x - 1 | sex", "the intercept cannot be removed", "x - 1"),
        ("y ~ 2 * x | sex", "numbers besides '0' and '1'", "2 * x"),
        ("y ~ x**z | sex", "'**' requires a positive integer", "z | sex"),
        ("y + x ~ z | sex", "the outcome must be one variable", "y + x"),
        ("y ~ x + y | sex", "the outcome is also on the right", "y | sex"),
        ("y ~ x | y", "the outcome is also on the right", "y"),
        ("y ~ x\n  + I(z -) | sex", "is not a valid expression", "I(z -)"),
    ],
)
def test_syntax_errors_have_a_caret_under_the_place(text, message, under):
    with pytest.raises(FormulaError) as caught:
        parse(split_formula(text))
    said, shown, carets = str(caught.value).rsplit("\n", 2)
    assert message in said
    place = len(shown) if under is None else shown.rindex(under)
    assert carets.rstrip().index("^") == place


@pytest.mark.parametrize("text", [None, 3, ["y ~ x | sex"], b"y ~ x | sex"])
def test_a_formula_is_a_string(text):
    with pytest.raises(FormulaError, match=r"formula: got .*; allowed: a string"):
        split_formula(text)


pieces = st.sampled_from(
    [
        *(
            "y",
            "x",
            "z",
            "sex",
            "race",
            "~",
            "|",
            "+",
            "-",
            "*",
            "/",
            ":",
            "**",
            "(",
            ")",
            "[",
            "]",
        ),
        *("{", "}", "'", '"', "\\", "#", "I(", "C(", "Q(", "np.", "log(", "bs(", "te(", "cr(", ","),
        *("=", "df=4", "0", "1", "2", "3.5", "1e9", "==", "&", "lambda ", "__import__", "@", ":="),
        *(";", "\n", "\r", "\t", "\0", "$", "`", "?", "é", "\u2028", "True", "None", "Sum", "f'"),
        *("levels=", "...", ".", "if ", "else ", "for ", "in ", "1j", "'''", "not ", " | sex"),
    ]
)


@given(st.lists(pieces, max_size=9).map("".join), st.booleans())
def test_whatever_is_written_gives_a_design_or_one_clear_error(people, within, text, whole):
    formula = f"y ~ x + {text} | sex" if whole else text
    with within(5):
        try:
            design = safe_design(formula, people)
        except BopError:
            return
    assert design.n == len(people)


HOSTILE = [
    "__import__('os').system('touch owned')",
    "I(__import__('os'))",
    "eval('1')",
    "exec('owned = 1')",
    "I(exec('owned = 1'))",
    "open('owned', 'w')",
    "I(open('owned', 'w').write('x'))",
    "x.to_csv('owned')",
    "x.__class__",
    "x.__class__.__mro__",
    "().__class__.__bases__",
    "x.T",
    "x.values",
    "np",
    "np.load('owned')",
    "np.load",
    "np.log",
    "np.lib.npyio",
    "np.random.rand(60)",
    "np.save('owned', x)",
    "np.log.__class__",
    "numpy.log(x)",
    "(lambda: 0)()",
    "I([v for v in x])",
    "I({v: 1 for v in x})",
    "I(sum(v for v in x))",
    "I(x if True else z)",
    "I(z := x)",
    'I(f"{x}")',
    "f'{x}'",
    "I(x and z)",
    "I(x @ z)",
    "I(x << 3)",
    "I(1 << 999999999)",
    "x[0]",
    "x[x > 0]",
    "I((x, z)[0])",
    "I({'a': 1})",
    "I(*x)",
    "C(**x)",
    "breakpoint()",
    "input()",
    "print(x)",
    "print",
    "getattr(x, 'values')",
    "globals()",
    "vars()",
    "Q('__builtins__')",
    "Q('__import__')",
    "Q('np')",
    "Q(x)",
    "Q('x' + 'y')",
    "Q('x')('y')",
    "ｅｘｅｃ('owned = 1')",
    "C(x, Evil)",
    "C(x, np.load)",
    "np.clip(x, 0, 1, out=x)",
    "np.power(9, 999999999, dtype='object')",
    "I('a' * 99999999999)",
    "I('%999999999d' % 1)",
    "I([0] * 99999999999)",
    "I(9**9**9)",
    "I(10**10**10)",
    "I(9**(9 * 99999999))",
    "I(9**(99999999))",
    "I(x * 9**-(-99999999))",
    "I(x * " + "(" * 8 + "9" + "**10)" * 8 + ")",
    "I(x * " + "9" * 400 + ")",
    "np.round(x, 999999999)",
    "bs(x, df=999999999)",
    "bs(x, 999999999)",
    "bs(x, df=50 * 50)",
    "bs(x, degree=9999)",
    "cr(x, 9999999)",
    "te(cr(x, 50), cr(z, 50), cr(x, 50), cr(z, 50))",
    "te(te(cr(x, 50), cr(z, 50)), cr(x, 50))",
    "I(1j * x)",
    "I(... + x)",
    "I(x is z)",
    "I(x in z)",
    "I(b'x')",
]


@pytest.mark.parametrize("term", HOSTILE)
@pytest.mark.parametrize("formula", ["y ~ x + {} | sex", "y ~ x | sex + {}", "{} ~ x | sex"])
def test_a_formula_from_a_file_cannot_run_code_nor_for_ever(
    people, within, formula, term, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormulaError), within(5):
        safe_design(formula.format(term), people)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["exec", "eval", "open", "print", "input", "breakpoint", "len", "np", "__import__"]
)
def test_a_column_named_like_a_function_does_not_make_it_callable(
    people, name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    data = people.assign(**{name: people["x"]})
    with pytest.raises(FormulaError, match="not allowed"):
        safe_design(f"y ~ {name}('owned') | sex", data)
    design = safe_design(f"y ~ {name} | sex", data)
    assert design.generic.names == ("Intercept", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "side",
    [
        "*".join(f"I(x + {i})" for i in range(40)),
        "(" + "+".join(f"I(x + {i})" for i in range(40)) + ")**40",
        ":".join(f"I(x + {i})" for i in range(40)),
        "+".join(["x"] * 20_000),
        "I(" + "+".join(["x"] * 20_000) + ")",
        "I(" + "-" * 20_000 + "x)",
        "I(" + "(" * 300 + "x" + ")" * 300 + ")",
        "(x + z + age)**" + "9" * 5000,
    ],
    ids=lambda side: side[:20],
)
@pytest.mark.parametrize("safe", [True, False])
def test_formulas_that_explode_are_refused_at_once(people, within, side, safe):
    with within(5):
        try:
            build_design(f"y ~ {side} | sex", people, Request(safe=safe), {})
        except FormulaError:
            return
    assert side.startswith("(x + z + age)")  # patsy: the same as the power 3


LEGITIMATE = [
    "x",
    "x + z + age",
    "x * z",
    "x:z",
    "x / clinic",
    "(x + z + age)**2",
    "x + z - x",
    "clinic",
    "C(clinic)",
    "C(clinic, Treatment)",
    'C(clinic, Treatment("north"))',
    'C(clinic, Treatment(reference="north"))',
    "C(clinic, Sum)",
    "C(region, Poly)",
    "C(region, Diff)",
    "C(region, Helmert)",
    'C(clinic, levels=["west", "north", "east"])',
    'Q("weight kg")',
    'Q(name="weight kg")',
    'log(Q("weight kg"))',
    "I(x**2)",
    "I(x**-1)",
    "I(abs(x)**0.5)",
    "I(x + z - 3 * age / 2)",
    "I(age // 10)",
    "I(age % 2)",
    "I(age >= 50)",
    "I((age > 30) & (x < 0) | ~(z == 5))",
    'I(clinic == "east")',
    "age > 50",
    "log(z)",
    "np.log(z)",
    "np.log1p(age)",
    "exp(x)",
    "sqrt(age)",
    "abs(x)",
    "np.clip(age, 30, 60)",
    "np.minimum(age, 60)",
    "np.power(x, 2)",
    "np.round(x, 1)",
    "bs(x, df=4)",
    "bs(x, 4, degree=2)",
    "bs(x, knots=[-0.5, 0.5], degree=1, include_intercept=False)",
    "cr(x, df=4)",
    'cr(x, df=4, constraints="center")',
    "cc(age, df=4)",
    "te(cr(x, 3), cr(z, 3))",
    "center(x)",
    "scale(x)",
    "standardize(x, center=True, rescale=False)",
    "center(log(z))",
    "1",
]


@pytest.mark.parametrize("side", LEGITIMATE)
def test_the_allow_list_accepts_ordinary_formulas(people, side):
    design = safe_design(f"y ~ {side} | sex", people)
    known = {"np": np, "log": np.log, "exp": np.exp, "sqrt": np.sqrt}
    expected = patsy.dmatrix(side, people, patsy.EvalEnvironment([known]), return_type="dataframe")
    assert list(design.generic.names) == list(expected.columns)


columns = st.sampled_from(["x", "z", "age"])
numbers = st.sampled_from(["0", "1", "2.5", "1e3", "40"])
expressions = st.recursive(
    columns,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner | numbers).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(st.sampled_from(["np.exp", "abs", "np.floor"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        inner.map(lambda each: f"{each}**2"),
    ),
    max_leaves=3,
)


@given(expressions, st.sampled_from(["hex", "x.T", "np.load", "q", "(lambda: x)()", "x[0]"]))
def test_one_hostile_name_anywhere_spoils_an_expression(people, expression, evil):
    formula = "y ~ I({}) | sex"
    parsed = parse(split_formula(formula.format(expression)))
    assert parsed.variables("generic", people.columns)
    for column in ("x", "z", "age"):
        if column in expression:
            spoilt = expression.replace(column, evil, 1)
            with pytest.raises(FormulaError, match="not allowed"):
                safe_design(formula.format(spoilt), people)


def test_what_is_not_allowed_is_named_with_the_nearest_column(people):
    with pytest.raises(FormulaError) as caught:
        safe_design("y ~ agee | sex", people)
    assert "'agee' is not allowed" in str(caught.value)
    assert "did you mean 'age'" in str(caught.value)
