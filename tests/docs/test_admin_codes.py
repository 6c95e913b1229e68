# SPDX-License-Identifier: Apache-2.0
"""The table of refusals in docs/admin-api.md against the server."""
import re

import requests

from harness import ROOT

TABLE = re.compile(r"\| status \| code \|\n\|---\|---\|\n(.*?)\n\n", re.DOTALL)


def test_codes_are_those_that_are_described(server):
    table = TABLE.search((ROOT / "docs" / "admin-api.md").read_text()).group(1)
    codes = re.findall(r"`(\w+)`", table)
    assert len(codes) >= 14
    for code in codes:
        assert requests.get(f"{server.base}/problems/{code}", timeout=10).status_code == 200, code
