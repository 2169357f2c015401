//! The OpenAPI document: what handlers declare, completed from the table with keys, problems and common headers.

use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Code, Fault, ProblemBody};
use crate::gate::KEPT_HOURS;
use crate::router::{Access, Route, mounted};

/// The document.
pub(crate) fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Platen")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Print-on-demand fulfilment: designs in, delivered parcels and balanced books out."));
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("`plk_<prefix>_<secret>`, or the root key."))
        .build();
    let mut components = ComponentsBuilder::new()
        .security_scheme("key", SecurityScheme::Http(scheme))
        .schema(ProblemBody::name(), ProblemBody::schema())
        .schema(Fault::name(), Fault::schema())
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    for (path, route) in mounted() {
        let (schemas, paths, _) = (route.build)();
        components.schemas.extend(schemas);
        for (_, mut item) in paths.paths {
            if let Some(operation) = operation(&mut item, route.method) {
                complete(operation, path, route);
            }
            match document.paths.paths.get_mut(path) {
                Some(known) => known.merge_operations(item),
                None => drop(document.paths.paths.insert(path.to_owned(), item)),
            }
        }
    }
    document.components = Some(components);
    document
}

fn operation<'i>(item: &'i mut PathItem, method: &str) -> Option<&'i mut Operation> {
    let method = match method {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        _ => HttpMethod::Delete,
    };
    match method {
        HttpMethod::Get => item.get.as_mut(),
        HttpMethod::Post => item.post.as_mut(),
        HttpMethod::Put => item.put.as_mut(),
        HttpMethod::Patch => item.patch.as_mut(),
        _ => item.delete.as_mut(),
    }
}

/// Which problems a route may answer.
fn problems(route: &Route) -> Vec<Code> {
    use Code::{
        BadRequest, Conflict, Forbidden, Internal, Invalid, NotFound, TooLarge, TooManyRequests, Unauthorized,
        Unavailable, UnsupportedMedia,
    };
    let mut codes = vec![Internal, Unavailable];
    if route.access != Access::Probe {
        codes.extend([NotFound, TooManyRequests]);
    }
    if matches!(route.access, Access::Key(_) | Access::Root) {
        codes.extend([Unauthorized, Forbidden, Invalid]);
    }
    if route.method != "GET" {
        codes.extend([BadRequest, Conflict, TooLarge, UnsupportedMedia]);
    }
    codes.sort_by_key(|code| code.status());
    codes
}

fn complete(operation: &mut Operation, path: &str, route: &Route) {
    let words = path.split('/').map(|part| part.trim_matches(['{', '}'])).filter(|part| !part.is_empty());
    let words: Vec<_> = words.map(|word| word.replace(['-', '.'], "_")).collect();
    operation.operation_id = Some(format!("{}_{}", route.method.to_lowercase(), words.join("_")));
    if path != route.path {
        operation.description = Some(format!("Another name of `{} {}`.", route.method, route.path));
    }
    if let Access::Key(scope) = route.access {
        operation.security = Some(vec![SecurityRequirement::new("key", [scope.word()])]);
    } else if route.access == Access::Root {
        operation.security = Some(vec![SecurityRequirement::new("key", ["root"])]);
    }
    let parameters = operation.parameters.get_or_insert_default();
    let header = |name: &str, text: String| {
        let text_schema = ObjectBuilder::new().schema_type(Type::String);
        let header = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
        RefOr::T(header.description(Some(text)).schema(Some(text_schema)).build())
    };
    if route.writes() {
        let text =
            format!("The same key and body within {KEPT_HOURS} hours replays the reply; another body is refused.");
        parameters.push(header("Idempotency-Key", text));
    }
    if operation.responses.responses.contains_key("202") {
        parameters.push(header("Prefer", "`wait=N` (1 to 30): wait up to N seconds for the job's end.".to_owned()));
    }
    for code in problems(route) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
        let response =
            ResponseBuilder::new().description(code.word()).content("application/problem+json", content).build();
        operation.responses.responses.entry(code.status().as_str().to_owned()).or_insert(RefOr::T(response));
    }
}
