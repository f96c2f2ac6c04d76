"""One address is one, however it is written; what is written wrongly is compared as it stands."""

import pytest

from shared.model.people import compared


@pytest.mark.parametrize(
    "spelling",
    [
        "dörte@bücher.example",
        " <DÖRTE@Bücher.example> ",
        "'do\u0308rte@bu\u0308cher.example'",
        "dörte@XN--bcher-kva.example",
    ],
)
def test_case_composition_brackets_and_the_domains_alphabet_make_no_difference(spelling: str) -> None:
    assert compared(spelling) == "dörte@bücher.example"


@pytest.mark.parametrize("domain", ["xn--ü.example", "xn--99999999.example", "xn--a-b-!.example"])
def test_a_domain_that_only_looks_like_punycode_is_left_as_it_is(domain: str) -> None:
    assert compared(f"Dana@{domain}") == f"dana@{domain}"
