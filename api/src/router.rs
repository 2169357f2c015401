//! Every route on one screen: method, path, who may, how long a body, which handler. The server and the OpenAPI document are both built
//! from this table, so that a route cannot lack a key, a limit or a description.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use crate::auth::Scope::{self, Admin, Approve, Operate, Read, Write};
use crate::error::{Code, Problem};
use crate::gate::gate;
use crate::observe::observe;
use crate::routes::{
    audit, bundles, cancel, catalogue, connections, files, health, hooks, incidents, jobs, keys, message_settings,
    messages, money, money_settings, new_order, operator_items, order_changes, order_desk, order_form, order_lists,
    orders, packaging, parties, pauses, payments, payouts, preflight, products, proof, providers, queues, rates,
    refunds, registries, renders, schedules, shipments, snapshots, snooze, specs, statements, templates, tenants,
    uploads, webhooks, work, work_orders, workers,
};
use crate::routes::{events, personalization, widget};
use crate::{demo, ops, origins};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A key with this scope; everything is its tenant's.
    Key(Scope),
    /// The installation's root key.
    Root,
    /// Anybody, at a common rate.
    Public,
    /// Machines that watch us, at any rate.
    Probe,
}

/// How long a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// None is read.
    Nothing,
    /// As long as JSON may be.
    Json,
    /// As long as a picture may be.
    Upload,
}

/// A row of the table.
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// How long a body.
    pub size: Size,
    /// It changes nothing, whatever its method says.
    pub pure: bool,
    /// A publishable key may call it too, from pages of its tenant's origins.
    pub widget: bool,
    /// It answers with a stream of events.
    pub streams: bool,
    pub(crate) build: fn() -> UtoipaMethodRouter<Shared>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?})", self.method, self.path, self.access)
    }
}

impl Route {
    /// Whether it changes something, and therefore takes an `Idempotency-Key`.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.method != "GET" && !self.pure
    }

    const fn open(access: Access, path: &'static str, build: fn() -> UtoipaMethodRouter<Shared>) -> Route {
        Route { method: "GET", path, access, size: Size::Nothing, pure: true, widget: false, streams: false, build }
    }

    const fn pure(mut self) -> Route {
        self.pure = true;
        self
    }

    const fn widget(mut self) -> Route {
        self.widget = true;
        self
    }

    const fn streams(mut self) -> Route {
        self.streams = true;
        self
    }

    const fn upload(mut self) -> Route {
        self.size = Size::Upload;
        self
    }

    /// Anybody may send; what is sent proves itself.
    const fn public(mut self) -> Route {
        self.access = Access::Public;
        self
    }

    const fn root(mut self) -> Route {
        self.access = Access::Root;
        self
    }
}

macro_rules! method {
    ($name:ident, $method:literal, $size:ident) => {
        const fn $name(scope: Scope, path: &'static str, build: fn() -> UtoipaMethodRouter<Shared>) -> Route {
            Route {
                method: $method,
                path,
                access: Access::Key(scope),
                size: Size::$size,
                pure: false,
                widget: false,
                streams: false,
                build,
            }
        }
    };
}
method!(get, "GET", Nothing);
method!(post, "POST", Json);
method!(put, "PUT", Json);
method!(patch, "PATCH", Json);
method!(delete, "DELETE", Json);

/// The table.
pub static ROUTES: &[Route] = &[
    post(Admin, "/v1/tenants", || routes!(tenants::create)).root(),
    get(Read, "/v1/tenant", || routes!(tenants::show)),
    patch(Admin, "/v1/tenant", || routes!(tenants::change)),
    post(Admin, "/v1/keys", || routes!(keys::create)),
    get(Admin, "/v1/keys", || routes!(keys::list)),
    delete(Admin, "/v1/keys/{id}", || routes!(keys::revoke)),
    put(Admin, "/v1/connections/{provider}", || routes!(connections::put)),
    get(Read, "/v1/connections", || routes!(connections::list)),
    put(Admin, "/v1/connections/{provider}/webhook", || routes!(hooks::put)),
    get(Read, "/v1/connections/{provider}/webhook/events", || routes!(hooks::list)),
    post(Write, "/v1/hooks/{provider}/{connection}", || routes!(hooks::receive)).public(),
    get(Read, "/v1/providers", || routes!(providers::list)),
    get(Read, "/v1/providers/unknown-words", || routes!(providers::unknown_words)),
    get(Read, "/v1/operator-items", || routes!(operator_items::list)),
    get(Read, "/v1/operator-items/{id}", || routes!(operator_items::show)),
    post(Operate, "/v1/operator-items/{id}/close", || routes!(operator_items::close)),
    post(Write, "/v1/uploads", || routes!(uploads::create)).upload(),
    get(Read, "/v1/uploads/{id}", || routes!(uploads::show)),
    post(Write, "/v1/uploads/{id}/preflight", || routes!(preflight::create)),
    put(Write, "/v1/products/{id}", || routes!(products::put)),
    get(Read, "/v1/products", || routes!(products::list)),
    get(Read, "/v1/products/{id}", || routes!(products::show)),
    post(Write, "/v1/specs", || routes!(specs::create)).widget(),
    post(Read, "/v1/specs/validate", || routes!(specs::validate)).pure().widget(),
    get(Read, "/v1/specs/{hash}", || routes!(specs::show)).widget(),
    post(Write, "/v1/specs/{hash}/migrate", || routes!(specs::migrate)),
    post(Read, "/v1/personalization/validate", || routes!(personalization::validate)).pure().widget(),
    post(Read, "/v1/personalization/normalize", || routes!(personalization::normalize)).pure().widget(),
    post(Read, "/v1/personalization/auto-fit", || routes!(personalization::auto_fit)).pure().widget(),
    get(Read, "/v1/widget/config/{product}", || routes!(widget::config)).widget(),
    put(Admin, "/v1/widget/origins", || routes!(widget::put_origins)),
    get(Read, "/v1/widget/origins", || routes!(widget::list_origins)),
    post(Write, "/v1/snapshots", || routes!(snapshots::create)).widget(),
    get(Read, "/v1/snapshots/{id}", || routes!(snapshots::show)).widget(),
    get(Read, "/v1/specs/{hash}/snapshot", || routes!(snapshots::of_spec)),
    post(Write, "/v1/snapshots/{id}/assets", || routes!(snapshots::add_assets)),
    get(Read, "/v1/snapshots/{id}/assets/{profile}/{name}", || routes!(snapshots::asset)),
    get(Read, "/v1/snapshots/{id}/proof", || routes!(proof::show)),
    post(Approve, "/v1/snapshots/{id}/approve", || routes!(snapshots::approve)),
    post(Approve, "/v1/snapshots/{id}/lock", || routes!(snapshots::lock)),
    post(Write, "/v1/renders", || routes!(renders::create)).widget(),
    post(Write, "/v1/renders/final", || routes!(renders::create_final)),
    get(Read, "/v1/renders/{id}", || routes!(renders::show)).widget(),
    get(Read, "/v1/renders/{id}/preview", || routes!(renders::preview_file)).widget(),
    get(Read, "/v1/renders/{id}/thumbnail", || routes!(renders::thumbnail_file)).widget(),
    get(Read, "/v1/renders/{id}/files/{name}", || routes!(renders::file)).widget(),
    post(Write, "/v1/orders", || routes!(new_order::create)),
    get(Read, "/v1/orders", || routes!(order_lists::list)),
    get(Read, "/v1/orders/stats", || routes!(order_lists::stats)),
    get(Read, "/v1/orders/number/{number}", || routes!(order_lists::by_number)),
    get(Read, "/v1/orders/rules", || routes!(order_lists::rules)),
    put(Admin, "/v1/orders/rules", || routes!(order_lists::put_rules)),
    get(Read, "/v1/orders/form", || routes!(order_form::show)),
    put(Admin, "/v1/orders/form", || routes!(order_form::put)),
    get(Read, "/v1/orders/{id}", || routes!(orders::show)),
    patch(Write, "/v1/orders/{id}/content", || routes!(order_changes::content)),
    patch(Operate, "/v1/orders/{id}/status", || routes!(order_changes::status)),
    patch(Operate, "/v1/orders/{id}/delivered", || routes!(order_changes::delivered)),
    patch(Approve, "/v1/orders/{id}/review", || routes!(order_desk::review)),
    post(Operate, "/v1/orders/{id}/retry", || routes!(order_desk::retry)),
    post(Write, "/v1/orders/{id}/quote", || routes!(order_desk::quote)),
    get(Read, "/v1/orders/{id}/events", || routes!(orders::events)),
    get(Read, "/v1/orders/{id}/shipments", || routes!(shipments::list)),
    get(Read, "/v1/orders/{id}/money", || routes!(money::show)),
    post(Operate, "/v1/orders/{id}/payments", || routes!(payments::create)),
    post(Operate, "/v1/orders/{id}/refunds", || routes!(refunds::create)),
    get(Read, "/v1/orders/{id}/refunds", || routes!(refunds::list)),
    post(Operate, "/v1/refunds/{id}/paid", || routes!(refunds::paid)),
    get(Read, "/v1/money/settings", || routes!(money_settings::show)),
    put(Admin, "/v1/money/settings", || routes!(money_settings::put)),
    get(Read, "/v1/money/trial-balance", || routes!(money::trial)),
    get(Read, "/v1/money/margin", || routes!(money::margin)),
    post(Operate, "/v1/rates", || routes!(rates::create)),
    get(Read, "/v1/rates", || routes!(rates::list)),
    post(Operate, "/v1/conversions", || routes!(rates::convert)),
    put(Write, "/v1/registries/{name}", || routes!(registries::put)),
    get(Read, "/v1/registries", || routes!(registries::list)),
    get(Read, "/v1/registries/{name}", || routes!(registries::show)),
    put(Admin, "/v1/parties/{name}", || routes!(parties::put)),
    get(Read, "/v1/parties", || routes!(parties::list)),
    get(Read, "/v1/parties/{name}", || routes!(parties::show)),
    get(Read, "/v1/parties/{name}/balance", || routes!(parties::balance)),
    get(Read, "/v1/parties/{name}/payouts", || routes!(payouts::of_party)),
    get(Read, "/v1/parties/{name}/statements/{month}", || routes!(statements::show)),
    post(Operate, "/v1/payouts/batches", || routes!(payouts::create)),
    get(Read, "/v1/payouts/batches", || routes!(payouts::list)),
    get(Read, "/v1/payouts/batches/{id}", || routes!(payouts::show)),
    get(Operate, "/v1/payouts/batches/{id}/file", || routes!(payouts::file)),
    post(Approve, "/v1/payouts/batches/{id}/approve", || routes!(payouts::approve)),
    post(Approve, "/v1/payouts/batches/{id}/reject", || routes!(payouts::reject)),
    post(Operate, "/v1/payouts/{id}/status", || routes!(payouts::status)),
    post(Write, "/v1/orders/{id}/bundle", || routes!(bundles::create)),
    get(Read, "/v1/orders/{id}/bundle", || routes!(bundles::show)),
    get(Read, "/v1/orders/{id}/bundle/file", || routes!(bundles::file)),
    post(Write, "/v1/orders/{id}/items/{item}/bundle", || routes!(bundles::create_item)),
    get(Read, "/v1/orders/{id}/items/{item}/bundle", || routes!(bundles::show_item)),
    get(Operate, "/v1/orders/{id}/packing-slip", || routes!(bundles::packing_slip)),
    get(Read, "/v1/file-names", || routes!(bundles::names)),
    put(Operate, "/v1/file-names", || routes!(bundles::put_names)),
    post(Write, "/v1/work-orders", || routes!(work_orders::create)),
    get(Read, "/v1/work-orders", || routes!(work_orders::list)),
    get(Read, "/v1/work-orders/{id}", || routes!(work_orders::show)),
    post(Write, "/v1/work-orders/{id}/status", || routes!(work_orders::status)),
    post(Write, "/v1/work-orders/{id}/bundle", || routes!(work_orders::bundle)),
    get(Read, "/v1/work-orders/{id}/bundle", || routes!(work_orders::bundled)),
    get(Read, "/v1/work-orders/{id}/bundle/file", || routes!(work_orders::file)),
    get(Read, "/v1/work-orders/{id}/ticket", || routes!(work_orders::ticket)),
    post(Write, "/api/v1/manufacturing/export-pack", || routes!(bundles::export_pack)),
    post(Operate, "/v1/orders/{id}/submit", || routes!(orders::submit)),
    post(Write, "/v1/orders/{id}/cancel", || routes!(cancel::create)),
    post(Write, "/v1/catalogue/syncs", || routes!(catalogue::sync)),
    get(Read, "/v1/catalogue", || routes!(catalogue::show)),
    get(Read, "/v1/catalogue/items", || routes!(catalogue::items)),
    get(Read, "/v1/catalogue/items/{uid}", || routes!(catalogue::item)),
    get(Read, "/v1/catalogue/templates", || routes!(templates::list)),
    put(Write, "/v1/catalogue/templates", || routes!(templates::put)),
    get(Read, "/v1/catalogue/alarms", || routes!(catalogue::alarms)),
    post(Operate, "/v1/catalogue/retirements", || routes!(catalogue::retire)),
    get(Read, "/v1/packaging", || routes!(packaging::show)),
    get(Read, "/v1/packaging/rules", || routes!(packaging::rules)),
    put(Admin, "/v1/packaging/rules", || routes!(packaging::put_rules)),
    get(Read, "/v1/packaging/costs", || routes!(packaging::costs)),
    put(Operate, "/v1/packaging/costs/{provider}/{tier}", || routes!(packaging::put_cost)),
    get(Read, "/v1/creators/{name}/packaging", || routes!(packaging::designs)),
    put(Write, "/v1/creators/{name}/packaging", || routes!(packaging::put_design)),
    post(Operate, "/v1/creators/{name}/packaging/decision", || routes!(packaging::decide)),
    put(Admin, "/v1/message-settings", || routes!(message_settings::put)),
    get(Read, "/v1/message-settings", || routes!(message_settings::show)),
    get(Read, "/v1/message-templates", || routes!(message_settings::templates)),
    put(Admin, "/v1/message-templates/{name}/{language}", || routes!(message_settings::put_template)),
    delete(Admin, "/v1/message-templates/{name}/{language}", || routes!(message_settings::remove_template)),
    get(Read, "/v1/messages", || routes!(messages::list)),
    get(Read, "/v1/messages/{id}", || routes!(messages::show)),
    post(Operate, "/v1/messages/{id}/redeliver", || routes!(messages::redeliver)),
    post(Admin, "/v1/webhooks", || routes!(webhooks::create)),
    get(Read, "/v1/webhooks", || routes!(webhooks::list)),
    patch(Admin, "/v1/webhooks/{id}", || routes!(webhooks::change)),
    delete(Admin, "/v1/webhooks/{id}", || routes!(webhooks::remove)),
    post(Admin, "/v1/webhooks/{id}/rotate", || routes!(webhooks::rotate)),
    post(Operate, "/v1/webhooks/{id}/recover", || routes!(webhooks::recover)),
    get(Read, "/v1/incidents", || routes!(incidents::list)),
    post(Operate, "/v1/jobs", || routes!(work::create)),
    get(Read, "/v1/jobs", || routes!(jobs::list)),
    get(Read, "/v1/jobs/{id}", || routes!(jobs::show)),
    get(Read, "/v1/jobs/{id}/events", || routes!(events::stream)).widget().streams(),
    get(Read, "/v1/jobs/{id}/attempts", || routes!(jobs::attempts)),
    post(Operate, "/v1/jobs/{id}/cancel", || routes!(jobs::cancel)),
    post(Operate, "/v1/jobs/{id}/retry", || routes!(jobs::retry)),
    post(Operate, "/v1/jobs/{id}/snooze", || routes!(snooze::snooze)),
    get(Read, "/v1/queues", || routes!(queues::list)),
    get(Operate, "/v1/workers", || routes!(workers::list)),
    post(Operate, "/v1/pauses", || routes!(pauses::create)),
    get(Read, "/v1/pauses", || routes!(pauses::list)),
    delete(Operate, "/v1/pauses/{id}", || routes!(pauses::remove)),
    put(Operate, "/v1/schedules/{name}", || routes!(schedules::put)),
    get(Read, "/v1/schedules", || routes!(schedules::list)),
    get(Read, "/v1/schedules/{name}", || routes!(schedules::show)),
    delete(Operate, "/v1/schedules/{name}", || routes!(schedules::remove)),
    get(Admin, "/v1/audit", || routes!(audit::list)),
    Route::open(Access::Public, "/v1/schemas/spec", || routes!(specs::schema)).widget(),
    Route::open(Access::Public, "/v1/widget/fonts/{sha256}", || routes!(widget::font)).widget(),
    Route::open(Access::Public, "/f/{token}", || routes!(files::show)),
    Route::open(Access::Public, "/openapi.json", || routes!(health::openapi)),
    Route::open(Access::Public, "/", || routes!(health::index)),
    Route::open(Access::Probe, "/livez", || routes!(health::live)),
    Route::open(Access::Probe, "/readyz", || routes!(health::ready)),
    Route::open(Access::Probe, "/metrics", || routes!(health::metrics)),
];

/// Other names of the same handlers, for web apps written against them: (method, name, path in the table).
pub static ALIASES: &[(&str, &str, &str)] = &[
    ("POST", "/api/v1/specs", "/v1/specs"),
    ("POST", "/api/v1/specs/validate", "/v1/specs/validate"),
    ("GET", "/api/v1/specs/{hash}", "/v1/specs/{hash}"),
    ("POST", "/api/v1/personalization/validate", "/v1/personalization/validate"),
    ("POST", "/api/v1/personalization/normalize", "/v1/personalization/normalize"),
    ("POST", "/api/v1/personalization/auto-fit", "/v1/personalization/auto-fit"),
    ("GET", "/api/v1/widget/config/{product}", "/v1/widget/config/{product}"),
    ("POST", "/api/v1/snapshots", "/v1/snapshots"),
    ("GET", "/api/v1/snapshots/{id}", "/v1/snapshots/{id}"),
    ("POST", "/api/v1/snapshots/{id}/lock", "/v1/snapshots/{id}/lock"),
    ("POST", "/api/v1/snapshots/{id}/validate", "/v1/snapshots/{id}/approve"),
    ("POST", "/api/v1/renders/preview", "/v1/renders"),
    ("POST", "/api/v1/renders/final", "/v1/renders/final"),
    ("GET", "/api/v1/snapshots/{id}/proof", "/v1/snapshots/{id}/proof"),
    ("GET", "/api/v1/renders/{id}/status", "/v1/renders/{id}"),
    ("GET", "/api/v1/renders/{id}/preview", "/v1/renders/{id}/preview"),
    ("GET", "/api/v1/manufacturing/bundles/{id}", "/v1/orders/{id}/bundle"),
    ("GET", "/api/orders", "/v1/orders"),
    ("GET", "/api/orders/{id}", "/v1/orders/{id}"),
    ("GET", "/api/orders/number/{number}", "/v1/orders/number/{number}"),
    ("GET", "/api/orders/stats/overview", "/v1/orders/stats"),
    ("PATCH", "/api/orders/{id}/status", "/v1/orders/{id}/status"),
    ("PATCH", "/api/orders/{id}/expert-review", "/v1/orders/{id}/review"),
    ("PATCH", "/api/orders/{id}/content", "/v1/orders/{id}/content"),
    ("PATCH", "/api/orders/{id}/delivered", "/v1/orders/{id}/delivered"),
];

/// Every (path as mounted, row), aliases included.
pub fn mounted() -> impl Iterator<Item = (&'static str, &'static Route)> {
    let aliases = ALIASES.iter().filter_map(|(method, name, path)| {
        ROUTES.iter().find(|route| route.method == *method && route.path == *path).map(|route| (*name, route))
    });
    ROUTES.iter().map(|route| (route.path, route)).chain(aliases)
}

/// The server.
pub(crate) fn build(shared: Shared) -> Router {
    let mut router = Router::new();
    for (path, route) in mounted() {
        let handler = (route.build)().2.route_layer(from_fn_with_state((shared.clone(), route), gate));
        router = router.route(path, handler);
    }
    let router = demo::mount(ops::mount(router, &shared), &shared)
        .fallback(|| async { Problem::new(Code::NotFound, "There is nothing at this path.") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "Allow says what the path takes.")
        })
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(shared.clone(), observe));
    router.layer(cors(&shared)).with_state(shared)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal(&"a handler panicked").into_response()
}

/// Denied to browsers of other origins, except those that were listed: by the installation for everything, by a tenant for its
/// publishable keys. Never with cookies.
fn cors(shared: &Shared) -> CorsLayer {
    let app = shared.clone();
    let listed = move |origin: HeaderValue, parts: &Parts| {
        let (app, parts) = (app.clone(), parts.clone());
        async move { origins::may_read(&app, &origin, &parts).await }
    };
    let name = HeaderName::from_static;
    let takes = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        name("idempotency-key"),
        name("prefer"),
        name("x-request-id"),
    ];
    let shows = [
        header::LOCATION,
        header::ETAG,
        header::RETRY_AFTER,
        name("x-request-id"),
        name("idempotency-replayed"),
        name("preference-applied"),
    ];
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(listed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(takes)
        .expose_headers(shows)
        .max_age(Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_handlers_declare() {
        for route in ROUTES {
            let paths: Vec<_> = (route.build)().1.paths.into_iter().collect();
            let [(path, item)] = paths.as_slice() else { panic!("{route:?} declares several paths") };
            assert_eq!(path, route.path);
            let text = serde_json::to_value(item).expect("JSON");
            let methods: Vec<_> =
                text.as_object().expect("an item").keys().map(|method| method.to_uppercase()).collect();
            assert_eq!(methods, [route.method], "{path}");
        }
    }

    #[test]
    fn a_panic_is_a_problem_that_says_nothing() {
        let response = panicked(Box::new("the reason why"));
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}
