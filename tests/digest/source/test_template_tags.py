"""template_tags: nothing a site generator would have read is shown, nothing else goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.digest.source.template_tags import without_template_tags
from publisher.digest.stated.front import Field
from publisher.model import Level

FIELDS = {"title": Field("Rivers", 1), "topics": Field(("a", "b"), 2)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# {{ page.title }}", "# Rivers"),
        ("# {{ $frontmatter.title }}", "# Rivers"),
        ("{{title}} {{ .Title }} {{ .Params.topics }}", "Rivers Rivers a, b"),
        ("{{ page.title | escape }}", "Rivers"),
        ("![p]({{ site.url }}{{ site.baseurl }}/a.png)", "![p](/a.png)"),
        ("[t]({{ '/x' | relative_url }})", "[t](/x)"),
        ('[t]({{< ref "x.md" >}})', "[t]()"),
        ("{{< youtube abc_DEF-123 >}}", "<https://www.youtube.com/watch?v=abc_DEF-123>"),
        ('{{< tweet user="ann" id="12" >}}', "<https://x.com/ann/status/12>"),
        ("{% twitter https://t.test/1 %}", "<https://t.test/1>"),
        ('{{< figure src="/a.png" caption="A b" >}}', "![A b](</a.png>)"),
        ("a{% raw %}{{ x }}{% endraw %}b", "a{{ x }}b"),
        ("a{% comment %}hidden\n{{ x }}{% endcomment %}b", "a\nb"),
        ("{::comment}\nhidden\n{:/comment}\nb", "\n\n\nb"),
        ("{% highlight sh %}\n# x\n{% endhighlight %}", "~~~~~\n# x\n~~~~~"),
        ('A word{:.big} here\n{: .x #y key="v w"}', "A word here\n"),
        ("## T {#t}", "## T"),
        ("## T {#t .x} ##", "## T ##"),
    ],
)
def test_resolved(text: str, expected: str) -> None:
    """What is known takes the tag's place, quietly."""
    assert without_template_tags(text, FIELDS) == (expected, [])


@pytest.mark.parametrize(
    "text",
    [
        "`{{ x }}` and ``{% x %}``",
        "```\n{{ x }}\n{% y %}\n```",
        "- ~~~\n  {{ x }}\n  ~~~",
        "open {{ and {% only",
        "$a_{{b}}$ and $$x {{y}} z$$",
        r"\{{ x }}",
        "{{ a\n\nb }}",
        "{ :ok, x } {:ok, 1}",
        "a set {#1, 2}",
    ],
)
def test_left_alone(text: str) -> None:
    """Code, formulas, escapes and what is no tag stay as they are."""
    assert without_template_tags(text, FIELDS) == (text, [])


def test_reported() -> None:
    """What cannot be known is left out and reported with its place; lines are kept."""
    text, found = without_template_tags("a\nb {% include x.md\n y=1 %} c\n{% if z %}{{ port }}", {})
    assert text == "a\nb \n c\n"
    assert [(one.line, one.column, one.level) for one in found] == [
        (2, 3, Level.WARN),
        (4, 1, Level.NOTE),
        (4, 11, Level.WARN),
    ]
    assert "{% include x.md y=1 %}" in found[0].message


def test_many_are_counted() -> None:
    """Of very many tags the first are named and the others counted."""
    _, found = without_template_tags("{{ x }}\n" * 50, {})
    assert len(found) == 9
    assert "42 more" in found[-1].message


@given(st.text("{}%<>:#`$\\ax.\n\"'/-", max_size=80))
def test_lines_are_kept(text: str) -> None:
    """Whatever is taken out, lines keep their numbers."""
    assert without_template_tags(text, FIELDS)[0].count("\n") == text.count("\n")
