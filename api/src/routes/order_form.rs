//! What a tenant wants to know with every order: a JSON Schema that it sets, checked when an order is taken in.
//!
//! Schemas refer to nothing outside of themselves, and their patterns run in linear time: whoever may set one may still not stop the front.

use axum::Json;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use platen_shared::db::{At, Tx};
use platen_shared::store::order_forms::{self, FormRow};
use platen_shared::store::orders::Order;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::orders::bound;
use crate::call::Call;
use crate::error::{Fault, Problem, Reply};
use crate::extract::Input;

/// Longest schema, as JSON.
const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Longest form, as JSON.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// Broken rules that one answer names.
const FAULTS_MAX: usize = 20;

/// The form of a tenant's orders.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderForm)]
pub(crate) struct FormView {
    /// Grows with every change; 0 before the first.
    version: i64,
    /// JSON Schema of the draft 2020-12; null: orders take no form.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    created_at: Option<At>,
}

impl From<Option<FormRow>> for FormView {
    fn from(row: Option<FormRow>) -> Self {
        row.map_or(FormView { version: 0, schema: None, created_at: None }, |row| FormView {
            version: row.version,
            schema: row.schema.map(|schema| schema.0),
            created_at: Some(row.created_at),
        })
    }
}

/// A form to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewForm {
    /// JSON Schema of the draft 2020-12 for an object; at most 64 KB, without references to other documents. Null: orders take no form.
    #[schema(value_type = Option<Object>, required = true)]
    schema: Value,
}

/// What the tenant's orders say beside what every order says.
#[utoipa::path(get, path = "/v1/orders/form", tag = "orders", responses((status = 200, body = FormView)))]
pub(crate) async fn show(call: Call) -> Reply<Json<FormView>> {
    Ok(Json(order_forms::latest(&mut call.read(), call.tenant()).await?.into()))
}

/// Sets what the tenant's orders say beside that; orders that were taken in before keep what they said.
#[utoipa::path(put, path = "/v1/orders/form", tag = "orders", request_body = NewForm, responses((status = 200, body = FormView)))]
pub(crate) async fn put(call: Call, Input(body): Input<NewForm>) -> Reply<Json<FormView>> {
    let schema = Some(&body.schema).filter(|schema| !schema.is_null());
    if let Some(schema) = schema {
        let bytes = serde_json::to_vec(schema).map_err(|e| Problem::internal(&e))?.len();
        if bytes > SCHEMA_BYTES_MAX {
            return Err(Problem::field("too-long", "/schema", "The schema has at most 64 KB."));
        }
        if schema["type"] != "object" {
            return Err(Problem::field("type", "/schema/type", "A form is an object: write `\"type\": \"object\"`."));
        }
        validator(schema).map_err(|place| {
            let sentence = "This is no JSON Schema of the draft 2020-12 that stands by itself.";
            Problem::field("schema", &format!("/schema{place}"), sentence)
        })?;
    }
    let mut tx = call.begin("put_order_form").await?;
    let row = order_forms::put(&mut tx, call.now(), call.tenant(), schema, &call.actor()).await?;
    call.audit(&mut tx, "order.form", call.tenant(), "").await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// What checks forms, or the place in the schema that is wrong.
fn validator(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::draft202012::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| error.instance_path.as_str().to_owned())
}

/// A form that was checked, by the version that it was checked by; `None` when the tenant takes none, and none was given.
pub(crate) async fn checked(call: &Call, tx: &mut Tx, form: Option<&Value>) -> Reply<Option<(i64, Value)>> {
    let row = order_forms::latest(tx, call.tenant()).await?;
    let Some((version, schema)) = row.and_then(|row| Some((row.version, row.schema?.0))) else {
        return match form {
            None => Ok(None),
            Some(_) => {
                let sentence =
                    "The tenant's orders take no form; set one first (PUT /v1/orders/form), or leave it out.";
                Err(Problem::field("unexpected", "/form", sentence))
            }
        };
    };
    let form = form.cloned().unwrap_or_else(|| json!({}));
    if serde_json::to_vec(&form).map_err(|e| Problem::internal(&e))?.len() > FORM_BYTES_MAX {
        return Err(Problem::field("too-long", "/form", "A form has at most 16 KB."));
    }
    let validator = validator(&schema).map_err(|_| Problem::internal(&"a stored form is no schema"))?;
    let faults: Vec<Fault> = validator.iter_errors(&form).take(FAULTS_MAX).map(|error| fault(&error)).collect();
    if faults.is_empty() { Ok(Some((version, form))) } else { Err(Problem::fields(faults)) }
}

/// Where a rule is broken, and which; never what was sent.
fn fault(error: &ValidationError<'_>) -> Fault {
    let place = format!("/form{}", error.instance_path.as_str());
    if let ValidationErrorKind::Required { property } = &error.kind {
        let name = property.as_str().unwrap_or_default().replace('~', "~0").replace('/', "~1");
        return Fault::new("required", format!("{place}/{name}"), "The tenant's form needs this.");
    }
    let rule = error.schema_path.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    Fault::new("form", place, format!("This breaks the rule `{rule}` of the tenant's form (GET /v1/orders/form)."))
}

/// The form as it is kept: sealed, like the address.
pub(crate) fn seal(call: &Call, order: &Order, form: &Value) -> Reply<String> {
    Ok(call.app().keyring.seal(&form.to_string(), &bound(order))?)
}

/// The form that was kept.
pub(crate) fn open(call: &Call, order: &Order, sealed: Option<&str>) -> Reply<Option<Value>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let text = call.app().keyring.open(sealed, &bound(order))?;
    serde_json::from_str(&text).map(Some).map_err(|_| Problem::internal(&"a stored form cannot be read"))
}
