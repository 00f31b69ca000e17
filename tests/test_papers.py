"""A paper is told by its address, and its numbers are read off it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.papers import paper_at

ARXIV = ("https://arxiv.org/abs/2404.03715", "2404.03715", "10.48550/arXiv.2404.03715", 2024)


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2404.03715",
        "http://www.arxiv.org/pdf/2404.03715v2.pdf?utm_source=x#page=3",
        "https://export.arxiv.org/html/2404.03715v1",
        "https://doi.org/10.48550/arXiv.2404.03715",
        "https://huggingface.co/papers/2404.03715",
        "https://www.alphaxiv.org/abs/2404.03715",
        "https://ar5iv.labs.arxiv.org/html/2404.03715",
    ],
)
def test_a_paper_of_arxiv_is_one_by_whatever_way(url: str) -> None:
    """Every address that has the arXiv id leads to the same paper, of the id's year."""
    paper = paper_at(url)
    assert paper is not None
    assert (paper.url, paper.arxiv, paper.doi, paper.year) == ARXIV


@pytest.mark.parametrize(
    ("url", "year"),
    [
        ("https://arxiv.org/abs/math/0211159v1", 2002),
        ("https://arxiv.org/abs/hep-th/9108001", 1991),
        ("https://arxiv.org/abs/0704.0001", 2007),
        ("https://arxiv.org/abs/2413.00001", None),
    ],
)
def test_the_year_is_read_off_the_arxiv_id(url: str, year: int | None) -> None:
    """Ids of both ages begin with year and month; where there is no such month, no year is told."""
    paper = paper_at(url)
    assert paper is not None
    assert paper.year == year


@pytest.mark.parametrize(
    ("url", "doi"),
    [
        ("https://doi.org/10.1145/1234567.7654321", "10.1145/1234567.7654321"),
        ("http://dx.doi.org/10.1000/A%3Cb%3E", "10.1000/A<b>"),
        ("https://dl.acm.org/doi/pdf/10.1145/1234567.7654321", "10.1145/1234567.7654321"),
        ("https://journal.test/doi/10.1234/ab.56/?x=1", "10.1234/ab.56"),
        ("https://www.biorxiv.org/content/10.1101/2024.01.02.573v2.full", "10.1101/2024.01.02.573"),
        ("https://link.springer.com/article/10.1007/s00000-024-1", "10.1007/s00000-024-1"),
        ("https://www.nature.com/articles/s41586-024-00000-1", "10.1038/s41586-024-00000-1"),
    ],
)
def test_a_doi_is_read_off_addresses(url: str, doi: str) -> None:
    """Resolvers and publishers have it in the path, with versions and forms behind it."""
    paper = paper_at(url)
    assert paper is not None
    assert (paper.doi, paper.arxiv, paper.year) == (doi, None, None)
    assert paper_at(paper.url) == paper


@pytest.mark.parametrize(
    "url",
    [
        "https://openreview.net/forum?id=aBc-1_2",
        "https://openreview.net/pdf?x=1&id=aBc",
        "https://aclanthology.org/2024.acl-long.123/",
        "https://aclanthology.org/P18-1001.pdf",
        "https://www.aclweb.org/anthology/P18-1001/",
        "https://proceedings.mlr.press/v139/someone21a.html",
        "https://proceedings.mlr.press/v139/someone21a/someone21a.pdf",
        "https://pubmed.ncbi.nlm.nih.gov/12345678/",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC123456/",
        "https://proceedings.neurips.cc/paper_files/paper/2023/hash/ab-Abstract.html",
        "https://openaccess.thecvf.com/content/CVPR2024/html/A_CVPR_2024_paper.html",
        "https://jmlr.org/papers/v25/23-0001.html",
    ],
)
def test_a_paper_without_a_number_for_all_is_its_address(url: str) -> None:
    """Of a collection's paper only the address is told."""
    paper = paper_at(url)
    assert paper is not None
    assert (paper.url, paper.arxiv, paper.doi, paper.year) == (url, None, None, None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://[half",
        "2404.03715",
        "mailto:a@arxiv.org",
        "ftp://arxiv.org/abs/2404.03715",
        "https://arxiv.org/list/cs.CL/new",
        "https://arxiv.org/abs/2404.03715/../x",
        "https://arxiv.org.test/abs/2404.03715",
        "https://huggingface.co/blog/2404.03715",
        "https://huggingface.co/papers",
        "https://doi.org/",
        "https://doi.org/the-foundation",
        "https://openreview.net/group?id=ICLR.cc",
        "https://openreview.net/forum",
        "https://aclanthology.org/venues/acl/",
        "https://proceedings.mlr.press/v139/",
        "https://www.nature.com/articles/d41586-024-00000-1",
        "https://pubmed.ncbi.nlm.nih.gov/?term=tea",
        "https://github.com/someone/2404.03715",
    ],
)
def test_what_is_no_paper_is_none(url: str) -> None:
    """Lists, groups, news, code and other hosts are no papers."""
    assert paper_at(url) is None


@given(
    st.sampled_from(["", "https://", "https://doi.org/10.1234/", "https://x.test/doi/10.1234/"]),
    st.text(),
)
def test_every_string_is_accepted(before: str, rest: str) -> None:
    """Whatever an address holds, a paper's has no character that breaks a line."""
    paper = paper_at(before + rest)
    assert paper is None or (paper.url + (paper.doi or "")).isprintable()
