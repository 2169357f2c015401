//! A started stand-in, a file server, and a client for both.

use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use jiff::Timestamp;
use platen_sim::Clock;
use platen_sim::gelato::{Config, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";
pub(crate) const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";
pub(crate) const KEY: &str = "key-1";
pub(crate) const DAY: u64 = 24 * 3600;

pub(crate) struct Sim {
    pub(crate) server: Server,
    pub(crate) http: reqwest::Client,
    pub(crate) files: String,
}

pub(crate) fn config() -> Config {
    let start: Timestamp = "2026-02-03T09:00:00Z".parse().unwrap();
    Config { api_key: KEY.into(), seed: 42, clock: Clock::new(start, 0.0), ..Config::default() }
}

pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

impl Sim {
    pub(crate) async fn start() -> Sim {
        Sim::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Sim {
        let server = Server::start(listener().await, config).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        Sim { server, http, files: file_server().await }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("{}{path}", self.server.base_url()));
        request = request.header("X-API-KEY", KEY);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    /// A call that must be answered: its status and JSON.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let response = self.send(method, path, body).await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(&body)).await
    }

    pub(crate) async fn order(&self, id: &str) -> Value {
        let (status, order) = self.get(&format!("/v4/orders/{id}")).await;
        assert_eq!(status, 200, "{order}");
        order
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        text(&self.order(id).await["fulfillmentStatus"])
    }

    /// Creates an order that must be accepted; gives its id.
    pub(crate) async fn create(&self, body: Value) -> String {
        let (status, order) = self.post("/v4/orders", body).await;
        assert_eq!(status, 200, "{order}");
        text(&order["id"])
    }

    pub(crate) async fn promote(&self, id: &str) -> (u16, Value) {
        self.call(Method::PATCH, &format!("/v4/orders/{id}"), Some(&json!({"orderType": "order"}))).await
    }

    pub(crate) async fn search(&self, reference: &str) -> Vec<Value> {
        let (status, found) = self.post("/v4/orders:search", json!({"orderReferenceId": reference})).await;
        assert_eq!(status, 200, "{found}");
        found["orders"].as_array().unwrap().clone()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.files)
    }

    /// A draft of these products, one file each.
    pub(crate) fn draft(&self, reference: &str, products: &[&str]) -> Value {
        let url = self.file("good.png");
        let items: Vec<Value> = products
            .iter()
            .enumerate()
            .map(|(i, uid)| {
                json!({"itemReferenceId": format!("{reference}-{i}"), "productUid": uid, "quantity": 1,
                       "files": [{"type": "default", "url": url}]})
            })
            .collect();
        json!({"orderType": "draft", "orderReferenceId": reference, "customerReferenceId": "cus-1",
               "currency": "EUR", "items": items, "shippingAddress": address()})
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn address() -> Value {
    json!({"firstName": "Lena", "lastName": "Vogt", "addressLine1": "Hafenstrasse 12", "city": "Bremen",
           "postCode": "28195", "country": "DE", "email": "lena@example.org"})
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Serves one good file and several bad ones.
async fn file_server() -> String {
    let png = [("content-type", "image/png")];
    let app = Router::new()
        .route("/good.png", get(async move || (png, b"\x89PNG\r\n\x1a\nrest".to_vec())))
        .route("/page.pdf", get(async || ([(header::CONTENT_TYPE, "application/pdf")], "%PDF-1.7")))
        .route("/never.png", get(std::future::pending::<()>))
        .route("/empty.png", get(async move || (png, Vec::<u8>::new())))
        .route("/page.html", get(async || ([(header::CONTENT_TYPE, "text/html")], "<html>")))
        .route("/liar.png", get(async move || (png, "<html>")))
        .route("/moved.png", get(async || (StatusCode::FOUND, [(header::LOCATION, "/good.png")])))
        .route("/big.png", get(async move || (png, [b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 4096]].concat())));
    let listener = listener().await;
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}
