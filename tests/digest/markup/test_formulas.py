r"""formulas: TeX is mathematics, prices are prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest.markup.bodies import Press
from publisher.digest.markup.markdown import parser
from publisher.digest.markup.plain import body_text


def press(text: str) -> str:
    """Render and sanitise a text."""
    markdown = parser()
    return Press(markdown, None).html(markdown.parse(text))


def plain(text: str) -> str:
    """Give a text as plain text."""
    return body_text(parser().parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x^2$", "x²"),
        ("LLM$\\times$Tool", "LLM×Tool"),
        ("OD$_{ZS}$和", "OD_{ZS}和"),
        ("$S^2M^2$: x", "S²M²: x"),
        ("a_1 and *b* $a_1 * b_1 * c$", "a_1 and b a₁*b₁*c"),
        ("$$\\frac{a+b}{2}$$", "(a+b)/2"),
        ("$$\na\n- b\n= c\n$$", "a−b = c"),
        ("- $p_T$\n- \\(\\theta_{t+1}\\)", "- p_T\n- θₜ₊₁"),
        ("$\\hat{x} \\in \\mathbb{R}^{d\\times d}$", "x̂ ∈ ℝ^{d×d}"),
        ("$\\mathcal{O}(n \\log n)$", "𝒪(n log n)"),
        ("$\\begin{matrix}a & b\\\\c & d\\end{matrix}$", "a b; c d"),
        ("$\\sqrt[3]{x} \\leq \\sqrt{a+b}/2$", "³√x ≤ √(a+b)/2"),
        ("[$a_b$](https://a.test/)", "a_b"),
    ],
)
def test_formulas(text: str, expected: str) -> None:
    """A formula is MathML on the page and the same in characters as text."""
    assert plain(text) == expected
    assert "<math " in press(text)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\frac{\partial L}{\partial \theta_{t+1}} + \frac{a}{bc-d}", "∂L/∂θₜ₊₁+a/(bc−d)"),
        (r"\sum_{i=1}^{N} x_i^2", "∑ᵢ₌₁^N xᵢ²"),
        (r"\prod_{k=1}^{K} (1-\pi_k)", "∏ₖ₌₁^K (1−πₖ)"),
        (r"\int_0^\infty e^{-x^2} = \frac{\sqrt{\pi}}{2}", "∫₀^∞ e^{−x²} = √π/2"),
        (r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}^{-1}", "[1 0; 0 1]⁻¹"),
        (r"f = \begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}", "f = {x, x > 0; 0, else"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b; c = d"),
        (r"\binom{n}{k}", "(n; k)"),
        (r"\mathcal{L}_{\text{total}} + \lambda \|\theta\|_2^2", "ℒ_{total}+λ‖θ‖₂²"),
        (r"\hat{y} = \sigma(W \tanh(Vx))", "ŷ = σ(W tanh(Vx))"),
        (r"\bar{x} \vec{v} \ddot{q} \overline{AB} \widehat{xy}", "x̄v⃗q̈ĀB̄x̂ŷ"),
        (r"\underbrace{a+b}_{n}", "(a+b)ₙ"),
        (r"\theta^* = \arg\min_{\theta} \mathbb{E}_{x}[f]", "θ* = arg min_θ 𝔼_x[f]"),
        (r"\max_{a'} Q(s', a') \log_2 n", "max_{a′} Q(s′, a′) log₂ n"),
        (r"\lim_{n \to \infty} \left(1+\frac{1}{n}\right)^n", "lim_{n→∞} (1+1/n)ⁿ"),
        (r"\frac12 mv^2", "1/2 mv²"),
        (r"x_{i,j}^{(k)}", "x_{i,j}^{(k)}"),
        (r"\text{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V", "softmax((QK^⊤)/√dₖ)V"),
        (r"\alpha\beta\Delta\varepsilon", "αβΔε"),
        (r"p(x_{t}|x_{<t})", "p(xₜ|x_{<t})"),
        (r"A \in \mathbb{R}^{m \times n}", "A ∈ ℝ^{m×n}"),
        (r"Q = \frac{2}{3} C_d b \sqrt{2g} h^{3/2}", "Q = 2/3 C_d b√(2g) h^{3/2}"),
        (r"\sqrt{g} h^{3/2} \sqrt{x}\sqrt{y}", "√g h^{3/2} √x √y"),
        (r"f = \frac{1}{2\pi} \sqrt[3]{ab} c", "f = 1/(2π) ³√(ab) c"),
        (r"\sqrt{x}^2 + \sqrt{12}", "(√x)²+√12"),
        (r"x^{ab} y, \frac{\text{way}}{\text{time}}", "x^{ab} y, way/time"),
    ],
)
def test_real_formulas_can_be_read(tex: str, expected: str) -> None:
    """What papers write reads like what they mean: parts of a product and of a quotient apart."""
    assert plain(f"${tex}$") == expected


def test_a_matrix_carries_its_script_whole() -> None:
    """MathML knows two parts of a power; the library gives a matrix in three."""
    html = press(r"$\begin{pmatrix} a \\ b \end{pmatrix}^T$")
    assert "<msup><mrow><mo>(</mo><mtable>" in html
    assert "<mo>)</mo></mrow><mi>T</mi></msup>" in html


@pytest.mark.parametrize(
    "text",
    [
        "从 $5 到 $10，$0.1M",
        "融资$5M，估值$20M。",
        "between $5 and $9, or US$5 to A$6",
        "为$5（约36元）和$",
        "$HOME/$PATH",
        "$$$ and $$ cheap",
        "raise $5m and $7b",
        "5$ and 6$",
        "[PDF] (x) [1]",
    ],
)
def test_prices(text: str) -> None:
    """Prices, variables and ratings stay what they are."""
    assert press(text) == f"<p>{text}</p>"
    assert plain(text) == text


def test_escapes_and_code() -> None:
    """An escaped dollar is a dollar; code stays code."""
    assert plain("\\$11M and \\$x$") == "$11M and $x$"
    assert press("`$x$`") == "<p><code>$x$</code></p>"
    assert plain("\\[PDF\\] \\(x\\)") == "[PDF] (x)"


@pytest.mark.parametrize(
    "text",
    [
        "$\\frac{$",
        "$\\left( x$",
        "$\\nosuch{x}$",
        "$\\newcommand{\\a}{\\a\\a}\\a$",
        "$x_$",
        f"${'{' * 50}x{'}' * 50}$",
        "$$\n\\frac{\n$$",
    ],
)
def test_broken(text: str) -> None:
    """TeX that cannot be read is shown as it was written."""
    assert plain(text) == text
    assert "<math" not in press(text)


def test_nothing_active() -> None:
    """Neither TeX nor MathML carries an address or a script."""
    assert "javascript" not in press("$\\href{javascript:x}{y}$")
    html = press("<math><mtext><table><mglyph><style><img src=x onerror=y()></style></math>")
    assert "onerror" not in html


@given(st.text("$\\{}^_ax1 (frac)[]\n&中", max_size=60))
def test_never_raises(text: str) -> None:
    """Whatever stands between dollars, something is read."""
    press(text)
    plain(text)
