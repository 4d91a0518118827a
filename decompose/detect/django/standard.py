"""What Django and the libraries around it define: field types, model bases, standard tables, methods and views, as data.

Sources: Django's documentation ("Model field reference", "QuerySet API reference", "Built-in class-based views API") and the
migrations of ``django.contrib``, for Django 4.2 to 6.0; Django REST framework's ``mixins``, ``generics`` and ``routers`` for 3.14 to
3.16; the packages named at each entry. Names are compared after imports were resolved.
"""

from __future__ import annotations

from typing import NamedTuple

# --- fields ------------------------------------------------------------------------------------

FIELD_TYPES: dict[str, str] = {
    "AutoField": "integer", "BigAutoField": "big", "SmallAutoField": "integer",
    "IntegerField": "integer", "PositiveIntegerField": "integer", "PositiveSmallIntegerField": "integer",
    "SmallIntegerField": "integer", "OrderWrt": "integer",
    "BigIntegerField": "big", "PositiveBigIntegerField": "big",
    "CharField": "string", "EmailField": "string", "SlugField": "string", "URLField": "string", "FilePathField": "string",
    "GenericIPAddressField": "string", "IPAddressField": "string", "CommaSeparatedIntegerField": "string",
    "CICharField": "string", "CIEmailField": "string",
    "FileField": "file", "ImageField": "file", "ThumbnailerImageField": "file", "ResizedImageField": "file",
    "TextField": "text", "CITextField": "text", "MarkdownField": "text", "RichTextField": "text", "HTMLField": "text",
    "BooleanField": "boolean", "NullBooleanField": "boolean",
    "FloatField": "float", "DecimalField": "decimal", "MoneyField": "decimal",
    "DateField": "date", "DateTimeField": "datetime", "TimeField": "time", "DurationField": "duration",
    "UUIDField": "uuid", "JSONField": "json", "HStoreField": "json", "BinaryField": "binary",
    "PhoneNumberField": "string", "CountryField": "string", "TimeZoneField": "string", "ColorField": "string",
    "MonitorField": "datetime", "StatusField": "string", "StreamField": "json", "EncryptedCharField": "text",
}  # fmt: skip
"""Neutral column type by the field class's last name; a longer name that ends in one of these has its type (``AutoSlugField``)."""

VIRTUAL_FIELDS = frozenset({"ImageSpecField", "FieldTracker", "GeneratedRelation", "HistoricalRecords", "GM2MField"})
"""Declared like fields, but without a column: django-imagekit, django-model-utils, django-simple-history."""

AUTO_FIELDS = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})

FIELD_LENGTHS: dict[str, int] = {"SlugField": 50, "URLField": 200, "EmailField": 254, "FileField": 100, "ImageField": 100, "FilePathField": 100}
"""``max_length`` where the field class has a default for it."""

# --- models ------------------------------------------------------------------------------------


class ExternalBase(NamedTuple):
    """A base class outside the project that makes its subclass a model; ``fields`` is in the notation of :data:`STANDARD_MODELS`."""

    package: str
    name: str
    fields: str = ""


_PERMISSIONS = "is_superuser:boolean groups*auth.Group~user_set user_permissions*auth.Permission~user_set"
_PASSWORD = "password:string(128) last_login:datetime?"
_USER = (
    f"{_PASSWORD} {_PERMISSIONS} username:string(150)! first_name:string(150) last_name:string(150) email:string(254) is_staff:boolean"
    " is_active:boolean date_joined:datetime"
)

MODEL_BASES: tuple[ExternalBase, ...] = (
    ExternalBase("django", "Model"),
    ExternalBase("django", "AbstractBaseUser", _PASSWORD),
    ExternalBase("django", "AbstractUser", _USER),
    ExternalBase("django", "PermissionsMixin", _PERMISSIONS),
    ExternalBase("django", "AbstractBaseSession", "session_key:string(40)# session_data:text expire_date:datetime"),
    ExternalBase("mptt", "MPTTModel", "lft:integer rght:integer tree_id:integer level:integer"),
    ExternalBase("treebeard", "MP_Node", "path:string(255)! depth:integer numchild:integer"),
    ExternalBase("treebeard", "NS_Node", "lft:integer rgt:integer tree_id:integer depth:integer"),
    ExternalBase("treebeard", "AL_Node"),
    ExternalBase("polymorphic", "PolymorphicModel", "polymorphic_ctype>contenttypes.ContentType?+"),
    ExternalBase("polymorphic", "PolymorphicMPTTModel", "lft:integer rght:integer tree_id:integer level:integer"),
    ExternalBase("model_utils", "TimeStampedModel", "created:datetime modified:datetime"),
    ExternalBase("model_utils", "StatusModel", "status:string(100) status_changed:datetime"),
    ExternalBase("model_utils", "SoftDeletableModel", "is_removed:boolean"),
    ExternalBase("model_utils", "TimeFramedModel", "start:datetime? end:datetime?"),
    ExternalBase("model_utils", "UUIDModel", "id:uuid#"),
    ExternalBase("django_extensions", "TimeStampedModel", "created:datetime modified:datetime"),
    ExternalBase("django_extensions", "TitleDescriptionModel", "title:string(255) description:text?"),
    ExternalBase("django_extensions", "TitleSlugDescriptionModel", "title:string(255) description:text? slug:string(50)"),
    ExternalBase("django_extensions", "ActivatorModel", "status:integer activate_date:datetime? deactivate_date:datetime?"),
    ExternalBase("modelcluster", "ClusterableModel"),
    ExternalBase("wagtail", "Orderable", "sort_order:integer?"),
    ExternalBase("wagtail", "AbstractImage"),
    ExternalBase("wagtail", "AbstractRendition"),
    ExternalBase("wagtail", "AbstractDocument"),
    ExternalBase("taggit", "TaggedItemBase", "tag>taggit.Tag"),
    ExternalBase("taggit", "ItemBase"),
    ExternalBase("taggit", "CommonGenericTaggedItemBase", "content_type>contenttypes.ContentType~%(app_label)s_%(class)s_tagged_items"),
    ExternalBase("taggit", "GenericTaggedItemBase", "content_type>contenttypes.ContentType~%(app_label)s_%(class)s_tagged_items object_id:integer"),
    ExternalBase("taggit", "GenericUUIDTaggedItemBase", "content_type>contenttypes.ContentType~%(app_label)s_%(class)s_tagged_items object_id:uuid"),
    ExternalBase("taggit", "TagBase", "name:string(100)! slug:string(100)!"),
    ExternalBase("parler", "TranslatableModel"),
    ExternalBase("parler", "TranslatedFieldsModel", "language_code:string(15)"),
    ExternalBase("hvad", "TranslatableModel"),
    ExternalBase("guardian", "UserObjectPermissionBase"),
    ExternalBase("guardian", "GroupObjectPermissionBase"),
    ExternalBase("oauth2_provider", "AbstractApplication"),
    ExternalBase("oauth2_provider", "AbstractAccessToken"),
    ExternalBase("django_tenants", "TenantMixin", "domain_url:string(128)! schema_name:string(63)!"),
    ExternalBase("django_tenants", "DomainMixin", "domain:string(253)! is_primary:boolean"),
    ExternalBase("ordered_model", "OrderedModel", "order:integer"),
    ExternalBase("solo", "SingletonModel"),
    ExternalBase("safedelete", "SafeDeleteModel", "deleted:datetime?"),
    ExternalBase("simple_history", "HistoricalRecords"),
    ExternalBase("organizations", "AbstractOrganization"),
)
"""External classes that are model bases: by top-level package and class name, because re-exports move within a package."""

STANDARD_MODELS = f"""
django.contrib.auth.models.User auth.User auth_user {_USER}
django.contrib.auth.models.Group auth.Group auth_group name:string(150)! permissions*auth.Permission
django.contrib.auth.models.Permission auth.Permission auth_permission name:string(255) content_type>contenttypes.ContentType codename:string(100)
django.contrib.contenttypes.models.ContentType contenttypes.ContentType django_content_type app_label:string(100) model:string(100)
django.contrib.sessions.models.Session sessions.Session django_session session_key:string(40)# session_data:text expire_date:datetime
django.contrib.sites.models.Site sites.Site django_site domain:string(100)! name:string(50)
django.contrib.admin.models.LogEntry admin.LogEntry django_admin_log action_time:datetime user>auth.User content_type>contenttypes.ContentType? \
 object_id:text? object_repr:string(200) action_flag:integer change_message:text
django.contrib.flatpages.models.FlatPage flatpages.FlatPage django_flatpage url:string(100) title:string(200) content:text \
 enable_comments:boolean template_name:string(70) registration_required:boolean sites*sites.Site
django.contrib.redirects.models.Redirect redirects.Redirect django_redirect site>sites.Site old_path:string(200) new_path:string(200)
rest_framework.authtoken.models.Token authtoken.Token authtoken_token key:string(40)# user=auth.User~auth_token created:datetime
taggit.models.Tag taggit.Tag taggit_tag name:string(100)! slug:string(100)!
taggit.models.TaggedItem taggit.TaggedItem taggit_taggeditem tag>taggit.Tag content_type>contenttypes.ContentType object_id:integer
allauth.account.models.EmailAddress account.EmailAddress account_emailaddress user>auth.User email:string(254) verified:boolean primary:boolean
allauth.account.models.EmailConfirmation account.EmailConfirmation account_emailconfirmation email_address>account.EmailAddress \
 created:datetime sent:datetime? key:string(64)!
allauth.socialaccount.models.SocialAccount socialaccount.SocialAccount socialaccount_socialaccount user>auth.User provider:string(200) \
 uid:string(191) last_login:datetime date_joined:datetime extra_data:json
django_celery_beat.models.PeriodicTask django_celery_beat.PeriodicTask django_celery_beat_periodictask name:string(200)! task:string(200) \
 interval>django_celery_beat.IntervalSchedule? crontab>django_celery_beat.CrontabSchedule? args:text kwargs:text enabled:boolean
django_celery_beat.models.IntervalSchedule django_celery_beat.IntervalSchedule django_celery_beat_intervalschedule every:integer period:string(24)
django_celery_beat.models.CrontabSchedule django_celery_beat.CrontabSchedule django_celery_beat_crontabschedule minute:string(240) hour:string(96)
django_celery_results.models.TaskResult django_celery_results.TaskResult django_celery_results_taskresult task_id:string(255)! status:string(50)
wagtail.models.Page wagtailcore.Page wagtailcore_page path:string(255)! depth:integer numchild:integer title:string(255) slug:string(255) \
 live:boolean
wagtail.images.models.Image wagtailimages.Image wagtailimages_image title:string(255) file:file
wagtail.documents.models.Document wagtaildocs.Document wagtaildocs_document title:string(255) file:file
"""
"""Class, label, table and fields of models that libraries define.

A field is ``name:type``, ``name>app.Model`` (foreign key), ``name=app.Model`` (one to one) or ``name*app.Model`` (many to many), then
``?`` nullable, ``!`` unique, ``#`` primary key, ``~accessor`` the name on the target's side, ``+`` no accessor there. ``auth.User``
as a target means the project's user model. A model without ``#`` has an automatic ``id``.
"""

# --- methods -----------------------------------------------------------------------------------

LAZY = frozenset({
    "all", "filter", "exclude", "order_by", "annotate", "alias", "select_related", "prefetch_related", "distinct", "only", "defer",
    "using", "reverse", "none", "select_for_update", "union", "intersection", "difference", "extra", "complex_filter", "raw",
    "get_queryset", "db_manager", "cache", "as_manager", "iterator", "aiterator", "_clone", "_chain", "non_polymorphic",
    "select_subclasses", "root_nodes", "get_descendants", "get_ancestors", "get_children", "get_root_nodes", "live", "public", "specific",
    "child_of", "descendant_of", "get_tree", "add_related_count",
})  # fmt: skip
"""Methods of managers and query sets that give a query set again."""

TO_VALUES = frozenset({"values", "values_list", "dates", "datetimes"})
TO_INSTANCE = frozenset({"get", "first", "last", "earliest", "latest", "create", "create_user", "create_superuser", "get_by_natural_key"})
TO_PAIR = frozenset({"get_or_create", "update_or_create"})
TO_SCALAR = frozenset({"count", "exists", "aggregate", "contains", "delete", "update", "bulk_update", "explain", "in_bulk"})
TO_LIST = frozenset({"bulk_create"})
WRITES = frozenset({"create", "create_user", "create_superuser", "bulk_create", "bulk_update", "update", "delete", "get_or_create", "update_or_create", "add_root", "_raw_delete"})
READS_AND_WRITES = frozenset({"get_or_create", "update_or_create"})
NO_QUERY = frozenset({"none", "db_manager", "as_manager", "_clone", "_chain"})
SILENT = frozenset({"update", "delete", "_raw_delete"})
"""Methods that need no query of their own for what the steps before them describe."""
RELATED_WRITES = frozenset({"add", "remove", "set", "clear"})
"""Methods of a related manager that change the relation: join rows for many-to-many, the key column on the other side else."""
COUNTS = frozenset({"count", "exists", "acount", "aexists"})
NOT_READING = NO_QUERY | RELATED_WRITES | (WRITES - READS_AND_WRITES)
"""Methods that read nothing of what a query set joins: they run no query, or one that only writes."""

LOOKUP_METHODS = frozenset({"filter", "exclude", "get", "get_or_create", "update_or_create", "complex_filter", "first", "last"})
PATH_METHODS = frozenset({"values", "values_list", "order_by", "distinct", "only", "defer", "dates", "datetimes", "earliest", "latest", "in_bulk"})
ANNOTATING = frozenset({"annotate", "alias", "extra", "raw", "prefetch_related"})
"""Methods that may give rows something beside their columns."""
JOIN_METHODS = frozenset({"select_related", "prefetch_related"})
EXPRESSION_METHODS = frozenset({"annotate", "alias", "aggregate", "update", "order_by", "values", "values_list"})
TAKES_QUERIES = LOOKUP_METHODS | EXPRESSION_METHODS | {"union", "intersection", "difference"}
"""Methods whose arguments may be or hold query sets."""

INSTANCE_WRITES = frozenset({"save", "delete", "save_base", "add_child", "add_sibling", "move_to", "insert_at", "move"})
INSTANCE_READS = frozenset({"refresh_from_db", "get_deferred_fields_from_db"})
INSTANCE_CHECKS = frozenset({"full_clean", "validate_unique", "validate_constraints"})
INSTANCE_QUERIES = INSTANCE_WRITES | INSTANCE_READS | INSTANCE_CHECKS
INSTANCE_QUERYSETS = frozenset({"get_children", "get_descendants", "get_ancestors", "get_siblings", "get_family", "get_leafnodes"})
CLASS_WRITES = frozenset({"add_root", "load_bulk", "fix_tree"})
CLASS_QUERYSETS = frozenset({"get_root_nodes", "get_tree"})
"""Class methods of models that are trees (django-treebeard)."""
INSTANCE_METHODS = frozenset({
    "clean", "clean_fields", "serializable_value", "get_deferred_fields", "set_password", "check_password", "has_perm", "has_perms",
    "get_full_name", "get_short_name", "get_username", "has_module_perms", "set_unusable_password", "has_usable_password", "email_user",
    "get_session_auth_hash", "natural_key", "get_absolute_url", "unique_error_message", "date_error_message", "get_user_permissions",
    "get_group_permissions", "get_all_permissions", "has_changed",
})  # fmt: skip
INSTANCE_FLAGS = frozenset({"pk", "_state", "_meta", "is_authenticated", "is_anonymous", "USERNAME_FIELD", "REQUIRED_FIELDS", "_prefetched_objects_cache"})

ASYNCHRONOUS = {
    f"a{name}": name
    for name in (
        *("aggregate", "bulk_create", "bulk_update", "contains", "count", "create", "delete", "earliest", "exists", "explain", "first"),
        *("get", "get_or_create", "in_bulk", "last", "latest", "update", "update_or_create", "save", "refresh_from_db", "add", "clear"),
        *("remove", "set", "create_user", "create_superuser", "get_by_natural_key"),
    )
}
"""The asynchronous twin of a method does the same to the tables."""
SILENT_TWINS = SILENT | {twin for twin, name in ASYNCHRONOUS.items() if name in SILENT}

EXPRESSION_PACKAGES = ("django.db.models", "django.contrib.postgres", "django.contrib.gis.db.models")
"""Where query expressions come from: ``F``, ``Q``, ``Count``, ``Subquery`` and the like."""

OUTER_EXPRESSIONS = frozenset({"OuterRef", "Value", "Subquery", "Exists", "RawSQL", "OuterReference"})
"""Expressions whose strings are not paths from the model that is queried."""

UNSEALABLE = frozenset({"Q", "F", "Subquery", "OuterRef", "Exists", "Prefetch", "RawSQL", "Window", "FilteredRelation"})
"""Expressions that are named as obstacles: they cannot be passed over a boundary as values."""

LOOKUPS = frozenset({
    "exact", "iexact", "contains", "icontains", "in", "gt", "gte", "lt", "lte", "startswith", "istartswith", "endswith", "iendswith",
    "range", "date", "year", "iso_year", "month", "day", "week", "week_day", "iso_week_day", "quarter", "time", "hour", "minute",
    "second", "isnull", "regex", "iregex", "search", "contained_by", "overlap", "len", "has_key", "has_keys", "has_any_keys", "trigram_similar",
    "unaccent", "lower", "upper", "length",
})  # fmt: skip

SHORTCUTS = {
    "django.shortcuts.get_object_or_404": "instance",
    "django.shortcuts.aget_object_or_404": "instance",
    "django.shortcuts.get_list_or_404": "list",
    "django.shortcuts.aget_list_or_404": "list",
    "rest_framework.generics.get_object_or_404": "instance",
    "annoying.functions.get_object_or_None": "instance",
}
"""Functions that query the model, manager or query set given as their first argument, and what they give."""

USER_FUNCTIONS = frozenset({"django.contrib.auth.get_user", "django.contrib.auth.authenticate", "django.contrib.auth.aauthenticate"})
COPIES = frozenset({"copy.copy", "copy.deepcopy"})
CASTS = frozenset({"typing.cast", "typing_extensions.cast"})
SIGN_IN = frozenset({"django.contrib.auth.login", "django.contrib.auth.alogin"})
GET_USER_MODEL = "django.contrib.auth.get_user_model"
SETTINGS = "django.conf.settings"

MANAGER_BASES = frozenset({
    "Manager", "BaseManager", "UserManager", "BaseUserManager", "TreeManager", "MP_NodeManager", "NS_NodeManager", "AL_NodeManager",
    "PolymorphicManager", "InheritanceManager", "SoftDeletableManager", "PageManager", "BasePageManager", "CurrentSiteManager", "QueryManager",
    "TranslatableManager", "OrderedModelManager", "SafeDeleteManager", "BulkUpdateOrCreateManager",
})  # fmt: skip
QUERYSET_BASES = frozenset({
    "QuerySet", "TreeQuerySet", "MP_NodeQuerySet", "NS_NodeQuerySet", "PolymorphicQuerySet", "InheritanceQuerySet", "SoftDeletableQuerySet",
    "PageQuerySet", "TranslatableQuerySet", "OrderedModelQuerySet", "SafeDeleteQueryset", "RawQuerySet", "BulkUpdateOrCreateQuerySet",
})  # fmt: skip
MANAGER_PACKAGES = frozenset({
    "django", "mptt", "treebeard", "polymorphic", "model_utils", "wagtail", "modelcluster", "parler", "ordered_model", "safedelete",
    "bulk_update_or_create",
})  # fmt: skip

# --- views -------------------------------------------------------------------------------------

VIEW_METHODS: dict[str, tuple[str, ...]] = {
    # django.views.generic
    "TemplateView": ("GET",), "RedirectView": ("DELETE", "GET", "PATCH", "POST", "PUT"),
    "ListView": ("GET",), "BaseListView": ("GET",), "DetailView": ("GET",), "BaseDetailView": ("GET",),
    "FormView": ("GET", "POST", "PUT"), "BaseFormView": ("GET", "POST", "PUT"), "ProcessFormView": ("GET", "POST", "PUT"),
    "CreateView": ("GET", "POST", "PUT"), "BaseCreateView": ("GET", "POST", "PUT"),
    "UpdateView": ("GET", "POST", "PUT"), "BaseUpdateView": ("GET", "POST", "PUT"),
    "DeleteView": ("DELETE", "GET", "POST"), "BaseDeleteView": ("DELETE", "GET", "POST"), "DeletionMixin": ("DELETE", "POST"),
    "ArchiveIndexView": ("GET",), "YearArchiveView": ("GET",), "MonthArchiveView": ("GET",), "WeekArchiveView": ("GET",),
    "DayArchiveView": ("GET",), "TodayArchiveView": ("GET",), "DateDetailView": ("GET",),
    # django.contrib.auth.views
    "LoginView": ("GET", "POST", "PUT"), "LogoutView": ("POST",), "PasswordChangeView": ("GET", "POST", "PUT"),
    "PasswordChangeDoneView": ("GET",), "PasswordResetView": ("GET", "POST", "PUT"), "PasswordResetDoneView": ("GET",),
    "PasswordResetConfirmView": ("GET", "POST", "PUT"), "PasswordResetCompleteView": ("GET",),
    # django-allauth
    "SignupView": ("GET", "POST", "PUT"), "EmailView": ("GET", "POST", "PUT"), "ConfirmEmailView": ("GET", "POST"),
    "JavaScriptCatalog": ("GET",), "JSONCatalog": ("GET",),
    # rest_framework.generics
    "CreateAPIView": ("POST",), "ListAPIView": ("GET",), "RetrieveAPIView": ("GET",), "DestroyAPIView": ("DELETE",),
    "UpdateAPIView": ("PATCH", "PUT"), "ListCreateAPIView": ("GET", "POST"), "RetrieveUpdateAPIView": ("GET", "PATCH", "PUT"),
    "RetrieveDestroyAPIView": ("DELETE", "GET"), "RetrieveUpdateDestroyAPIView": ("DELETE", "GET", "PATCH", "PUT"),
    "ObtainAuthToken": ("POST",),
    # drf-spectacular, simplejwt
    "SpectacularAPIView": ("GET",), "SpectacularSwaggerView": ("GET",), "SpectacularRedocView": ("GET",), "SpectacularJSONAPIView": ("GET",),
    "TokenObtainPairView": ("POST",), "TokenRefreshView": ("POST",), "TokenVerifyView": ("POST",), "TokenBlacklistView": ("POST",),
    "TokenObtainSlidingView": ("POST",), "TokenRefreshSlidingView": ("POST",), "TokenViewBase": ("POST",),
    # django-extra-views, django-tables2, django-filter, django-haystack
    "FormSetView": ("GET", "POST", "PUT"), "ModelFormSetView": ("GET", "POST", "PUT"), "InlineFormSetView": ("GET", "POST", "PUT"),
    "CreateWithInlinesView": ("GET", "POST", "PUT"), "UpdateWithInlinesView": ("GET", "POST", "PUT"),
    "SingleTableView": ("GET",), "FilterView": ("GET",), "SearchView": ("GET", "POST", "PUT"), "FacetedSearchView": ("GET", "POST", "PUT"),
}  # fmt: skip
"""HTTP methods that an external class-based view answers, without HEAD and OPTIONS, by class name."""

SILENT_VIEWS = frozenset({"View", "APIView", "GenericAPIView"})
"""External view classes that answer nothing by themselves."""

HTTP_METHODS = ("get", "post", "put", "patch", "delete", "trace")
"""Handlers that make a class answer a method; HEAD and OPTIONS are left out everywhere, each view has them."""

VIEWSET_ACTIONS: dict[str, tuple[str, ...]] = {
    "CreateModelMixin": ("create",), "ListModelMixin": ("list",), "RetrieveModelMixin": ("retrieve",),
    "UpdateModelMixin": ("update", "partial_update"), "DestroyModelMixin": ("destroy",),
    "ReadOnlyModelViewSet": ("list", "retrieve"),
    "ModelViewSet": ("create", "list", "retrieve", "update", "partial_update", "destroy"),
    "CreateAPIView": ("create",), "ListAPIView": ("list",), "RetrieveAPIView": ("retrieve",), "DestroyAPIView": ("destroy",),
    "UpdateAPIView": ("update", "partial_update"), "ListCreateAPIView": ("list", "create"),
    "RetrieveUpdateAPIView": ("retrieve", "update", "partial_update"), "RetrieveDestroyAPIView": ("retrieve", "destroy"),
    "RetrieveUpdateDestroyAPIView": ("retrieve", "update", "partial_update", "destroy"),
}  # fmt: skip
"""Actions that a class of ``rest_framework`` brings."""

LIST_ROUTE = (("get", "list"), ("post", "create"))
DETAIL_ROUTE = (("get", "retrieve"), ("put", "update"), ("patch", "partial_update"), ("delete", "destroy"))
ACTION_HOOKS = {"create": ("create", "perform_create"), "update": ("update", "perform_update"), "destroy": ("destroy", "perform_destroy")}
ACTION_MODES: dict[str, tuple[str, ...]] = {
    "list": ("read",), "retrieve": ("read",), "create": ("write",), "update": ("read", "write"), "partial_update": ("read", "write"),
    "destroy": ("read", "write"),
}  # fmt: skip

GENERIC_VIEW_MODES: dict[str, tuple[str, ...]] = {
    "ListView": ("read",), "BaseListView": ("read",), "DetailView": ("read",), "BaseDetailView": ("read",), "CreateView": ("write",),
    "BaseCreateView": ("write",), "UpdateView": ("read", "write"), "BaseUpdateView": ("read", "write"), "DeleteView": ("read", "write"),
    "BaseDeleteView": ("read", "write"), "ArchiveIndexView": ("read",), "YearArchiveView": ("read",), "MonthArchiveView": ("read",),
    "WeekArchiveView": ("read",), "DayArchiveView": ("read",), "TodayArchiveView": ("read",), "DateDetailView": ("read",),
}  # fmt: skip
"""What a generic view of ``django.views.generic`` does to its model's table."""

INHERITED_MODES: dict[str, tuple[str, ...]] = {
    "perform_create": ("write",), "perform_update": ("write",), "perform_destroy": ("write",), "create": ("write",),
    "update": ("read", "write"), "partial_update": ("read", "write"), "destroy": ("read", "write"), "list": ("read",), "retrieve": ("read",),
}  # fmt: skip
"""What ``super().<method>()`` of a view set or generic API view does to its model's table."""
FORM_METHODS = frozenset({"form_valid", "post", "put"})
OBJECT_METHODS = frozenset({"get"})

VIEW_PACKAGES = ("django.views", "django.contrib", "rest_framework", "drf_spectacular", "rest_framework_simplejwt", "formtools", "django_filters")

ADMIN_BASES = frozenset({
    "ModelAdmin", "TabularInline", "StackedInline", "InlineModelAdmin", "GenericTabularInline", "GenericStackedInline", "GenericInlineModelAdmin",
    "UserAdmin", "GroupAdmin", "MPTTModelAdmin", "DraggableMPTTAdmin", "PolymorphicParentModelAdmin", "PolymorphicChildModelAdmin",
    "ImportExportModelAdmin", "OSMGeoAdmin", "GISModelAdmin", "TranslatableAdmin", "SimpleHistoryAdmin", "ImportExportActionModelAdmin",
})  # fmt: skip
ADMIN_WRITES = frozenset({"save_model", "delete_model", "delete_queryset"})
"""What an admin class does to its model's rows, to be extended with ``super()``."""
ADMIN_PATHS = {"search_fields": False, "ordering": False, "list_filter": True, "list_display": True, "list_select_related": True}
"""Attributes of an admin class that hold paths, and whether the last relation of a path is read as well."""
SERIALIZER_BASES = frozenset({
    "ModelSerializer", "HyperlinkedModelSerializer", "Serializer", "ListSerializer", "BaseSerializer", "GeoFeatureModelSerializer",
    "WritableNestedModelSerializer", "PolymorphicSerializer", "TranslatableModelSerializer",
})  # fmt: skip
FORM_BASES = frozenset({"ModelForm", "Form", "BaseForm", "BaseModelForm", "UserCreationForm", "BaseUserCreationForm", "UserChangeForm", "BaseModelFormSet"})
FILTER_BASES = frozenset({"FilterSet", "GeoFilterSet"})

ROUTER_BASES = frozenset({"DefaultRouter", "SimpleRouter", "BaseRouter", "NestedSimpleRouter", "NestedDefaultRouter", "NestedMixin", "ExtendedSimpleRouter", "ExtendedDefaultRouter", "BulkRouter"})
ROOT_VIEW_ROUTERS = frozenset({"DefaultRouter", "ExtendedDefaultRouter"})

URL_CONFIGURATIONS: dict[str, tuple[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]]] = {
    "django.conf.urls.i18n": ("", (("setlang/", "set_language", "django.views.i18n.set_language", ("POST",)),)),
    "django.contrib.auth.urls": ("", (
        ("login/", "login", "django.contrib.auth.views.LoginView", ("GET", "POST", "PUT")),
        ("logout/", "logout", "django.contrib.auth.views.LogoutView", ("POST",)),
        ("password_change/", "password_change", "django.contrib.auth.views.PasswordChangeView", ("GET", "POST", "PUT")),
        ("password_change/done/", "password_change_done", "django.contrib.auth.views.PasswordChangeDoneView", ("GET",)),
        ("password_reset/", "password_reset", "django.contrib.auth.views.PasswordResetView", ("GET", "POST", "PUT")),
        ("password_reset/done/", "password_reset_done", "django.contrib.auth.views.PasswordResetDoneView", ("GET",)),
        ("reset/<uidb64>/<token>/", "password_reset_confirm", "django.contrib.auth.views.PasswordResetConfirmView", ("GET", "POST", "PUT")),
        ("reset/done/", "password_reset_complete", "django.contrib.auth.views.PasswordResetCompleteView", ("GET",)),
    )),
    "rest_framework.urls": ("rest_framework", (
        ("login/", "login", "django.contrib.auth.views.LoginView", ("GET", "POST", "PUT")),
        ("logout/", "logout", "django.contrib.auth.views.LogoutView", ("POST",)),
    )),
    "django.contrib.flatpages.urls": ("", (("<path:url>", "django.contrib.flatpages.views.flatpage", "django.contrib.flatpages.views.flatpage", ("GET",)),)),
}  # fmt: skip
"""URL configurations that libraries bring: namespace, and path, name, view, methods of each entry."""

HOOKS = frozenset({"get_object", "get_queryset", "save", "filter_queryset"})
"""Methods of libraries' classes that are about their model, and that classes of a project override."""
VALIDATION = frozenset({"is_valid", "full_clean", "errors"})
"""What makes a form or serializer check what it was given."""
MODEL_CHOICES = frozenset({
    "ModelChoiceField", "ModelMultipleChoiceField", "PrimaryKeyRelatedField", "SlugRelatedField", "HyperlinkedRelatedField", "TreeNodeChoiceField",
    "TreeNodeMultipleChoiceField",
})  # fmt: skip
"""Fields of forms and serializers whose values are rows of a query set."""

COMMAND_BASES = frozenset({"BaseCommand", "AppCommand", "LabelCommand", "NoArgsCommand", "TestCommand"})

TEMPLATE_FUNCTIONS = {
    "django.shortcuts.render": 1, "django.template.loader.render_to_string": 0, "django.template.loader.get_template": 0,
    "django.template.loader.select_template": 0, "django.template.response.TemplateResponse": 1, "django.shortcuts.render_to_response": 0,
}  # fmt: skip
"""Functions that name a template, and which positional argument it is."""

URL_FUNCTIONS = frozenset({
    "django.urls.reverse", "django.urls.reverse_lazy", "django.shortcuts.redirect", "django.shortcuts.resolve_url", "django.urls.base.reverse",
    "django.core.urlresolvers.reverse", "rest_framework.reverse.reverse", "rest_framework.reverse.reverse_lazy", "django.urls.base.reverse_lazy",
})  # fmt: skip

IMPORT_FUNCTIONS = frozenset({"importlib.import_module", "django.utils.module_loading.import_string", "builtins.__import__", "django.utils.module_loading.import_by_path"})
PATCH_FUNCTIONS = frozenset({"unittest.mock.patch", "mock.patch", "unittest.mock.patch.multiple", "mock.patch.multiple", "unittest.mock.patch.dict", "mock.patch.dict"})
PATCH_OBJECT = frozenset({"unittest.mock.patch.object", "mock.patch.object"})
