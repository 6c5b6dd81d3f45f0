"""What is secret is compared in constant time: read from the syntax tree of the whole product.

`==` and `in` end at the first byte that differs. So a secret, and what is kept of one, meets its like in
`hmac.compare_digest` or a password hasher, or in SQL by its digest, where 256 random bits leave nothing to search.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

IDP = Path(__file__).parents[2] / "idp"
SECRET_WORDS = frozenset(
    {"secret", "digest", "hash", "hashed", "hexdigest", "hmac", "mac", "tag", "csrf", "cookie", "password", "verifier"}
)
SECRET_NAMES = frozenset(
    {"security_code", "security_code_of", "secret_of", "code_at", "browser_id", "code_challenge", "bearer", "browser"}
)
COMPARERS = frozenset({"opaque.same", "hmac.compare_digest", "sealer().verify", "hasher().verify", "hasher.verify"})
COMPARED = {
    ("accounts/factors/webauthn_ceremonies.py", "_spend"): "the browser that a passkey's challenge was made for",
    ("provisioning/people/apply.py", "_password"): "the hash of an imported password",
    ("provisioning/people/apply.py", "_sets"): "an imported password",
    ("provisioning/people/apply.py", "_security_code"): "an imported security code",
    ("provisioning/people/apply.py", "_totp"): "an imported authenticator",
    ("console/form_draft.py", "kept"): "the browser that typed into a form",
    ("crypto/opaque.py", "same"): "any two texts",
    ("crypto/passwords.py", "verify_password"): "a password, for who has no hasher",
    ("crypto/recovery.py", "verify_code"): "a recovery code",
    ("crypto/sealed.py", "verify"): "what we signed for ourselves",
    ("crypto/totp.py", "matching_step"): "a TOTP code",
    ("login/trust/known_ip.py", "_cached"): "a grant that a cache gives back",
    ("login/trust/known_ip.py", "_earned_in"): "the browser that earned a grant",
    ("login/steps/password.py", "verify"): "a password",
    ("login/steps/security_code.py", "verify"): "a security code",
    ("login/transaction/transaction.py", "find"): "the browser of a login",
    ("login/transaction/address_validation.py", "is_code"): "a mailed code",
    ("login/flow/way_back.py", "find"): "the browser of a note",
    ("oidc/clients/lifecycle.py", "secret_is"): "a client_secret",
    ("oidc/device/views.py", "_kept"): "the browser of a device's confirmation",
    ("oidc/tokens/dpop.py", "_has_a_right_nonce"): "a DPoP nonce",
    ("oidc/tokens/dpop.py", "_is_for_this_token"): "the access token that a proof is for",
    ("oidc/clients/registration/endpoint.py", "_own"): "a registration access token",
    ("oidc/tokens/grants/authorization_code.py", "_is_of"): "a code_verifier",
    ("oidc/logout/request.py", "_mine"): "the browser of a logout",
    ("oidc/authorization/requests.py", "_is_of_this_browser"): "the browser of an authorization request",
    ("selfservice/password.py", "_new_password"): "a new password and the old one",
    ("selfservice/password.py", "_present_password"): "a password",
    ("web/metrics.py", "_is_bearer"): "the token for figures",
}
"""Where a secret is compared, and which. Codes, tokens and session secrets are found in SQL by their digest."""


def test_nothing_secret_is_compared_with_an_operator() -> None:
    """RFC 6749 section 10.10, ASVS 11.2.4: nobody measures how much of a guess was right."""
    found = {path: list(careless(tree)) for path, tree in product()}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_every_secret_is_compared_where_the_table_says() -> None:
    """A comparison that is taken out, or another that comes, is somebody's decision."""
    assert {(path, function) for path, tree in product() for function in comparing(tree)} == COMPARED.keys()


@pytest.mark.parametrize(
    "line",
    [
        "client.secret_hash == opaque.digest(given)",
        "digest != row.token_hash",
        "opaque.digest(given) in (row.secret_hash, row.old_secret_hash)",
        "kept['browser'] != browser_hash()",
        "found.pop('browser') == mine",
        "grant.browser_hash == browser_hash is not None",
        "entry.password.get_secret_value() == given",
        "hmac.new(key, text).hexdigest() == mac",
        "security_code_of(tenant) == given",
        "request.cookies['x'] == kept.csrf_token and True",
        "given not in [secret_of(device) for device in devices]",
    ],
)
def test_a_careless_comparison_is_found(line: str) -> None:
    """Each would make the first test fail."""
    assert list(careless(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "Client.secret_hash == opaque.digest(given)",
        "user.password_hash is None",
        "column == 'secret_hash'",
        "'client_secret' in given",
        "len(secret) == 32",
        "method == Methods.CLIENT_SECRET_BASIC",
        "Factor.PASSWORD in proved",
        "opaque.same(digest, client.secret_hash)",
    ],
)
def test_others_are_left_alone(line: str) -> None:
    """SQL by a digest, names of things, and lengths."""
    assert list(careless(ast.parse(line))) == []


def product() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the product: its path below `idp/`, and its tree."""
    for path in sorted(IDP.rglob("*.py")):
        yield path.relative_to(IDP).as_posix(), ast.parse(path.read_text("utf-8"))


def careless(tree: ast.AST) -> Iterator[str]:
    """Every comparison by operator that has something secret on one side, and something unknown on the other."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        for left, how, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            by_operator = isinstance(how, ast.Eq | ast.NotEq | ast.In | ast.NotIn)
            known = is_a_name_of_something(left) or is_a_name_of_something(right)
            if by_operator and not known and any(map(is_secret, (*names_in(left), *names_in(right)))):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def comparing(tree: ast.AST, function: str = "") -> Iterator[str]:
    """The function of each comparison in constant time."""
    for child in ast.iter_child_nodes(tree):
        inside = child.name if isinstance(child, ast.FunctionDef) else function
        if isinstance(child, ast.Call) and ast.unparse(child.func) in COMPARERS:
            yield inside
        yield from comparing(child, inside)


def is_a_name_of_something(side: ast.expr) -> bool:
    """A literal, a constant, a member of an enum, a column: what is compared with it is no secret, or SQL compares it."""
    match side:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return owner.istitle() or owner[:1].isupper() or name.isupper()
        case _:
            return False


def names_in(side: ast.expr) -> Iterator[str]:
    """What stands in an operand: names, attributes, and the keys that it looks up."""
    if isinstance(side, ast.Call) and ast.unparse(side.func) == "len":
        return
    for node in ast.walk(side):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                yield key
            case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str(key)), *_]):
                yield key


def is_secret(name: str) -> bool:
    """Whether a thing of that name is one, or the digest of one."""
    return name in SECRET_NAMES or bool(SECRET_WORDS & set(name.lower().strip("_").split("_")))
