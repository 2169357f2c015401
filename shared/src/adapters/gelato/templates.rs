//! Templates of the e-commerce API.

use super::Gelato;
use super::calls::{Ask, url};
use super::wire::TemplateAnswer;
use crate::adapters::http::{Class, Effect, Method};
use crate::domain::offer::Template;
use crate::ports::{PortError, PortResult};

impl Gelato {
    /// `GET /v1/templates/{id}`.
    pub(super) async fn read_template(&self, id: &str) -> PortResult<Template> {
        let ask = Ask {
            operation: "template",
            effect: Effect::Read,
            class: Class::Bulk,
            method: Method::GET,
            template: "/v1/templates/{id}",
            url: url(&self.settings.ecommerce_url, &["v1", "templates", id])?,
            body: None,
        };
        let answer = self.ask(ask).await?;
        let read: TemplateAnswer = answer.json()?;
        if !read.id().is_empty() && read.id() != id {
            return Err(PortError::Transient("gelato answered a question about one template with another".into()));
        }
        Ok(read.template(id, answer.json()?))
    }
}
