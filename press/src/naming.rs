//! Names of files in a bundle, by a template of the tenant's own.

use crate::PressError;

/// What stands for the parts of a name.
const PARTS: [&str; 7] = ["order", "item", "product", "zone", "quantity", "hash", "kind"];
/// Longest template.
const BYTES_MAX: usize = 200;

/// A checked template, such as `items/{item}-{product}/{zone}`; the ending is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming(String);

/// What one file's name may say.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The order's number, or what the bundle is called.
    pub order: &'a str,
    /// Position in the bundle, counted from 1.
    pub item: usize,
    /// The product's id.
    pub product: &'a str,
    /// The zone's id.
    pub zone: &'a str,
    /// Pieces to print.
    pub quantity: u32,
    /// The design's hash.
    pub hash: &'a str,
    /// `pdf`, `png`, `svg`, `dxf`: also the ending.
    pub kind: &'a str,
}

impl Default for Naming {
    fn default() -> Self {
        Self("items/{item}-{product}/{zone}".to_owned())
    }
}

impl Naming {
    /// Reads a template. Every file of a bundle must come out with a name of its own, so it says at least which item and which zone.
    ///
    /// # Errors
    /// [`PressError::OutOfLimits`] with a sentence.
    pub fn new(template: &str) -> Result<Self, PressError> {
        let refuse = |message: String| Err(PressError::OutOfLimits(message));
        if template.is_empty() || template.len() > BYTES_MAX {
            return refuse(format!("A template for file names is 1 to {BYTES_MAX} bytes long."));
        }
        let mut rest = template;
        let mut said: Vec<&str> = Vec::new();
        while let Some(at) = rest.find(['{', '}']) {
            let Some((part, after)) = rest[at..].strip_prefix('{').and_then(|open| open.split_once('}')) else {
                return refuse("A template for file names has a brace without its partner.".to_owned());
            };
            if !PARTS.contains(&part) {
                return refuse(format!("A template for file names knows {{{}}}.", PARTS.join("}, {")));
            }
            said.push(part);
            rest = after;
        }
        if !said.contains(&"item") || !said.contains(&"zone") {
            return refuse(
                "A template for file names says {item} and {zone}, or two files would have one name.".to_owned(),
            );
        }
        let naming = Self(template.to_owned());
        let named = Named { order: "o", item: 1, product: "p", zone: "z", quantity: 1, hash: "0", kind: "pdf" };
        let tried = naming.of(&named);
        if !is_path(&tried) || tried.eq_ignore_ascii_case("manifest.json") {
            return refuse(
                "A template for file names is made of letters, digits, dots, dashes, underscores and slashes between names.".to_owned(),
            );
        }
        Ok(naming)
    }

    /// The template itself.
    pub fn template(&self) -> &str {
        &self.0
    }

    /// The name of a file. What a name may not hold becomes a dash.
    pub fn of(&self, named: &Named<'_>) -> String {
        let hash = named.hash.get(..12).unwrap_or(named.hash);
        let mut out = self.0.clone();
        for (part, value) in [
            ("{order}", plain(named.order)),
            ("{item}", format!("{:02}", named.item)),
            ("{product}", plain(named.product)),
            ("{zone}", plain(named.zone)),
            ("{quantity}", named.quantity.to_string()),
            ("{hash}", plain(hash)),
            ("{kind}", plain(named.kind)),
        ] {
            out = out.replace(part, &value);
        }
        format!("{out}.{}", plain(named.kind))
    }
}

/// A path inside a folder, of names that every file system takes.
pub(crate) fn is_path(path: &str) -> bool {
    path.split('/').all(is_name)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=200).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.')
}

fn plain(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let out: String = text.chars().take(60).map(keep).collect();
    // A name that begins with a dot is hidden on most systems.
    match out.strip_prefix('.') {
        Some(rest) => format!("-{rest}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_name_every_file_or_are_refused() {
        let named = Named {
            order: "2026/7 é",
            item: 3,
            product: "mug:11oz",
            zone: "left",
            quantity: 2,
            hash: "0123456789abcdef",
            kind: "pdf",
        };
        let of =
            |template: &str| Naming::new(template).map(|naming| naming.of(&named)).map_err(|error| error.to_string());
        assert_eq!(of("items/{item}-{product}/{zone}").as_deref(), Ok("items/03-mug-11oz/left.pdf"));
        assert_eq!(
            of("{order}_{item}_{zone}_{quantity}x_{hash}").as_deref(),
            Ok("2026-7--_03_left_2x_0123456789ab.pdf")
        );
        assert_eq!(of("{kind}/{item}/{zone}").as_deref(), Ok("pdf/03/left.pdf"));
        for (template, sentence) in [
            ("", "1 to 200 bytes"),
            ("{item}", "{item} and {zone}"),
            ("{zone}", "{item} and {zone}"),
            ("{item}{zone}{secret}", "knows {order}"),
            ("{item}{zone", "without its partner"),
            ("{item}}{zone}", "without its partner"),
            ("../{item}{zone}", "made of letters"),
            ("/{item}{zone}", "made of letters"),
            ("{item} {zone}", "made of letters"),
            ("a//{item}{zone}", "made of letters"),
        ] {
            assert!(of(template).is_err_and(|said| said.contains(sentence)), "{template}: {:?}", of(template));
        }
    }
}
