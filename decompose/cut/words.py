"""Words of the domain in identifiers, paths and tables; words of technology set apart."""

from __future__ import annotations

import re
from functools import lru_cache

LAYERS = frozenset(
    """
    abstract action actions adapter adapters admin admins alembic api apis app application applications apps asgi async authentication
    backend backends base bases blueprint blueprints builder builders cache cli command commands common component
    components conf config configs configuration consts constant constants consumer consumers context contextmanager 
    contrib controller controllers core crud dao database databases dataclass db decorator decorators dependencies deps
    domain domains dto dtos endpoint endpoints engine entities entity enum enums errors event events exception exceptions ext
    extension extensions factories factory feature features field fields filter filters filterset filtersets fixture fixtures form
    forms formset framework functions generic global graphql handler handlers helper helpers hooks http infra infrastructure init
    inline interface interfaces internal jobs layer lib libs library listeners loaders logic main managed management manager
    managers mapper mappers middleware middlewares migration migrations misc mixin mixins mock model models module modules
    mutation mutations orm package packages page pages pagination permissions persistence  presenter presenters
    protocols provider proxies py query queries queryset querysets receivers registry repo repos repositories repository request requests
    resolver resolvers resource resources response responses rest route router routers routes routing rpc schema schemas script
    scripts selector selectors serializer serializers server service services session settings setup shared signal signals site
    sitemaps sql src system tables task tasks template templatetags templates test testing tests tools type
    types typing urls usecase usecases use util utilities utils v1 v2 v3 validator validators version view views viewset viewsets
    web widget widgets worker workers wsgi
    """.split()  # noqa: SIM905 - two hundred quoted words cannot be read
)
"""Words that say which layer or technology a file belongs to, not which part of the domain."""

TECHNICAL = frozenset(
    """
    base common core ext extension extensions helper helpers infra infrastructure internal lib libs library misc shared support
    tools util utilities utils
    """.split()  # noqa: SIM905
)
"""Names of folders for code that belongs to no part of the domain, in the eyes of whoever made them."""

FILLERS = frozenset(
    """
    a add all and are as at be bool by check clean count create data date default delete detail details dict do edit empty
    exists file find for from get has id if in index info init instance is item items key kwargs list load make max meta min name
    new no none not number obj object objects of on or order_by parse post prepare process put read remove render result run
    save search self send set show status str that the to update upload url use value values when with x
    """.split()  # noqa: SIM905
)
"""Words of nearly every identifier, in any domain."""

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """A noun's singular by the regular rules of English: enough to see that ``orders`` and ``order`` are one word."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


@lru_cache(maxsize=65536)
def words(identifier: str) -> tuple[str, ...]:
    """The words of one identifier in lower case: ``createOrderLine`` and ``create_order_line`` give the same three."""
    return tuple(part.lower() for part in _CAMEL.findall(identifier))


@lru_cache(maxsize=65536)
def domain_words(identifier: str) -> tuple[str, ...]:
    """The singular words of an identifier that may name something in the domain: no layer, no filler, no number."""
    return tuple(
        singular(word)
        for word in words(identifier)
        if len(word) > 2 and not word.isdigit() and word not in LAYERS and word not in FILLERS
    )


@lru_cache(maxsize=65536)
def segment_word(segment: str) -> str:
    """The domain word of a package or file name, ``""`` for one that only names a layer.

    ``order_service`` gives ``order``, ``gift_cards`` gives ``gift-card``, ``views`` gives nothing.
    """
    kept = [singular(word) for word in words(segment) if word not in LAYERS and not word.isdigit()]
    return "-".join(kept) if kept and len("".join(kept)) > 1 else ""
