//! What is wrong with a spec, in words a person can act on.

/// One reason to refuse a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for programs: `missing`, `type`, `range`, `missing_glyph`...
    pub code: &'static str,
    /// JSON pointer (RFC 6901) into the spec as it was posted; empty for the whole.
    pub pointer: String,
    /// One sentence for the person who posted it. It never repeats the value.
    pub message: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn new(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "{pointer}: {}", self.message),
        }
    }
}
