//! What is wrong with a spec, in words a person can act on, in both languages of a shop's buyers.

/// A sentence in English and in French. It never repeats the value it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
}

/// The same sentence in both languages; what stands in braces is put into both.
macro_rules! say {
    ($en:literal, $fr:literal $(,)?) => {
        $crate::problem::Words { en: format!($en), fr: format!($fr) }
    };
}
pub(crate) use say;

/// One reason to refuse a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for programs: `missing`, `type`, `range`, `missing_glyph`...
    pub code: &'static str,
    /// JSON pointer (RFC 6901) into the spec as it was posted; empty for the whole.
    pub pointer: String,
    /// One sentence for the person who posted it. It never repeats the value.
    pub message: String,
    /// The same in French.
    pub message_fr: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn new(code: &'static str, pointer: impl Into<String>, words: Words) -> Self {
        Self { code, pointer: pointer.into(), message: words.en, message_fr: words.fr }
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
