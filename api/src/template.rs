//! A product's version as live validation needs it: read and compiled once, because a version never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platen_press::text::{Rules, check_rules};
use platen_press::{Spec, check_zones};
use platen_shared::db::{At, Source};
use platen_shared::id::TenantId;
use platen_shared::store::products::{self, Product};

use crate::call::Call;
use crate::error::{Problem, Reply};

/// Versions remembered; beyond it, everything is forgotten.
const VERSIONS_MAX: usize = 500;
/// How long it is believed which version is the newest.
const NEWEST_KEPT: Duration = Duration::from_secs(2);

/// A version of a product.
pub(crate) struct Template {
    /// Its row.
    pub(crate) product: Product,
    /// Its rules, compiled.
    pub(crate) rules: Rules,
}

/// Versions read lately.
#[derive(Default)]
pub(crate) struct Templates(Mutex<State>);

#[derive(Default)]
struct State {
    versions: HashMap<(TenantId, String, i64), Arc<Template>>,
    newest: HashMap<(TenantId, String), (i64, At)>,
}

impl Templates {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.versions.len() > VERSIONS_MAX || state.newest.len() > VERSIONS_MAX {
            *state = State::default();
        }
        work(&mut state)
    }

    /// Forgets which version of a product is the newest: there is another one.
    pub(crate) fn forget(&self, tenant: TenantId, id: &str) {
        self.with(|state| {
            let _ = state.newest.remove(&(tenant, id.to_owned()));
        });
    }
}

/// A version of one of the caller's products, or its newest.
pub(crate) async fn template(call: &Call, id: &str, version: Option<i64>) -> Reply<Option<Arc<Template>>> {
    let (tenant, now, kept) = (call.tenant(), call.ledger_now(), &call.shared().templates);
    let newest = |state: &mut State| {
        let known = state.newest.get(&(tenant, id.to_owned()));
        known.filter(|(_, at)| *at <= now && now.since(*at) < NEWEST_KEPT).map(|(version, _)| *version)
    };
    if let Some(version) = version.or_else(|| kept.with(newest))
        && let Some(known) = kept.with(|state| state.versions.get(&(tenant, id.to_owned(), version)).cloned())
    {
        return Ok(Some(known));
    }
    let found = match version {
        Some(version) => products::version(&mut call.read(), tenant, id, version).await?,
        None => products::latest(&mut call.read(), tenant, id).await?,
    };
    let Some(product) = found else { return Ok(None) };
    let rules = rules(&product)?;
    let template = Arc::new(Template { product, rules });
    kept.with(|state| {
        let number = template.product.version;
        state.versions.insert((tenant, id.to_owned(), number), template.clone());
        if version.is_none() {
            state.newest.insert((tenant, id.to_owned()), (number, now));
        }
    });
    Ok(Some(template))
}

/// The rules of a stored product, which were checked when it was stored.
fn rules(product: &Product) -> Reply<Rules> {
    let refused = |problems: Vec<platen_press::Problem>| {
        Problem::internal(&format!("a stored product's zones or rules are refused: {problems:?}"))
    };
    let zones = check_zones(&product.wire_zones.0).map_err(refused)?;
    check_rules(&product.rules.0, &zones).map_err(refused)
}

/// The rules of the product that a design is for; none when there is no such product, which is another fault.
pub(crate) async fn rules_of(
    source: &mut impl Source,
    tenant: TenantId,
    spec: &Spec,
) -> Reply<(Option<Product>, Rules)> {
    let found = products::version(source, tenant, spec.product_id(), spec.template_version().into()).await?;
    let rules = found.as_ref().map(rules).transpose()?.unwrap_or_default();
    Ok((found, rules))
}
