# SPDX-License-Identifier: Apache-2.0
"""What the tests of logins share: pages with forms as a browser without scripts has them, people with
passwords, and callers from addresses of their own, because tries are counted per address."""
import html.parser
import itertools
import urllib.parse

import requests
from requests.adapters import HTTPAdapter

from admin_desk import Admin, content

PASSWORD = "correct horse battery staple"
_addresses = itertools.count(10)


class _From(HTTPAdapter):
    """Connections that come from one address."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **more):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **more)


def fresh_address():
    """A loopback address that has not tried anything yet."""
    number = next(_addresses)
    return f"127.0.{number // 250 + 1}.{number % 250 + 1}"


class Page(html.parser.HTMLParser):
    """A page as a person sees it: its title, its words, and the fields of its form."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.tags, self.fields, self.form, self.words, self.objection = [], {}, None, [], None
        self._inside = []
        self.feed(answer.text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag == "form":
            self.form = given
        if tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        if tag not in ("input", "meta", "link"):
            self._inside.append((tag, given))

    def handle_endtag(self, tag):
        assert self._inside and self._inside[-1][0] == tag, (tag, self._inside)
        self._inside.pop()

    def handle_data(self, data):
        if data.strip():
            self.words.append(data.strip())
            if self._inside and self._inside[-1][1].get("role") == "alert":
                self.objection = data.strip()

    @property
    def text(self):
        return " ".join(self.words)


class Browser:
    """Somebody at an address who opens pages and sends their forms."""

    def __init__(self, server, address=None):
        self.base = server.base
        self.address = address or fresh_address()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("http://", _From(self.address))

    def get(self, path, headers=None, **params):
        return self.session.get(self.base + path, params=params, headers=headers, timeout=30,
                                allow_redirects=False)

    def post(self, path, fields=None, headers=None, **more):
        return self.session.post(self.base + path, data=fields, headers=headers, timeout=30,
                                 allow_redirects=False, **more)

    def open(self, path, **params):
        return Page(self.get(path, **params))

    def send(self, page, headers=None, **typed):
        """The page's form with these fields filled in."""
        assert page.form["method"] == "post"
        return self.post(page.form["action"], {**page.fields, **typed}, headers)


def callback_of(answer):
    """Where a login leads, and what it brings along."""
    assert answer.status_code == 303, f"{answer.status_code}: {answer.text}"
    where = urllib.parse.urlsplit(answer.headers["Location"])
    brought = urllib.parse.parse_qs(where.query, strict_parsing=True)
    assert all(len(values) == 1 for values in brought.values())
    return f"{where.scheme}://{where.netloc}{where.path}", {k: v[0] for k, v in brought.items()}


def give_password(desk, user, password=PASSWORD):
    answer = desk.owner.put(f"/users/{user['id']}/password", {"password": password})
    assert answer.status_code == 204, answer.text
    return user


def person(desk, role="editor", password=PASSWORD):
    """Somebody new who has a password and no token."""
    return give_password(desk, desk.user(role), password)


def who(desk, token):
    return content(Admin(desk, token).get("/me"))
