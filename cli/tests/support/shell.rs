//! What of the shell that runs the tests must not reach the binary.

/// Settings that a developer's shell may hold.
const FOREIGN: [&str; 9] = [
    "DATABASE_URL",
    "REDIS_URL",
    "BLOB_URL",
    "PUBLIC_URL",
    "PORT",
    "PLATEN_CONFIG",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// The names to take out of an environment. What the test run itself needs (the SQL cover) stays.
pub(crate) fn foreign() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| FOREIGN.contains(&name.as_str()) || (name.starts_with("PLATEN_") && name.contains("__")))
        .collect()
}
