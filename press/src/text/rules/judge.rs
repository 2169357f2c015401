//! The one evaluator of a product's rules.

use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::words::Blocked;
use super::{Kind, Rules, ZoneRules};
use crate::Problem;
use crate::problem::{Words, say};
use crate::spec::{Content, Emoji, Layer, Spec, Text, mm, mm_fr};
use crate::text::{Refusal, layout};

/// Everything that keeps a design from being made: what the product's rules refuse, and what cannot be printed at all.
/// Empty when all is well.
pub fn judge(spec: &Spec, rules: &Rules) -> Vec<Problem> {
    let free = ZoneRules::default();
    let mut found = Vec::new();
    for zone in spec.zones() {
        if let Some(rules) = rules.zones.get(&zone.id) {
            whole_zone(spec, &zone.id, rules, &mut found);
        }
    }
    for (index, layer) in spec.layers().iter().enumerate() {
        let zone = rules.zones.get(&layer.zone).unwrap_or(&free);
        let mut judged = Judged { index, found: &mut found };
        judged.layer(layer, zone);
        if let Content::Text(text) = &layer.content {
            judged.words(text, zone, &rules.blocked);
            judged.look(text, zone);
            judged.fit(text, layer, zone);
        }
    }
    found
}

/// Rules about all layers of a zone together.
fn whole_zone(spec: &Spec, id: &str, rules: &ZoneRules, found: &mut Vec<Problem>) {
    let layers = || spec.layers().iter().enumerate().filter(|(_, layer)| layer.zone == id);
    let filled = |layer: &Layer| !matches!(layer.content, Content::Shape(_));
    if rules.required && !layers().any(|(_, layer)| filled(layer)) {
        let words =
            say!("The zone {id} must hold a text or a picture.", "La zone {id} doit contenir un texte ou une image.");
        found.push(Problem::new("required_zone", "/layers", words));
    }
    let most = rules.texts_max.unwrap_or(u32::MAX);
    let mut texts = layers().filter(|(_, layer)| matches!(layer.content, Content::Text(_)));
    if let Some((index, _)) = texts.nth(most as usize) {
        let words = say!("This zone takes at most {most} texts.", "Cette zone accepte au plus {most} textes.");
        found.push(Problem::new("too_many_texts", format!("/layers/{index}"), words));
    }
}

/// One layer under judgement.
struct Judged<'f> {
    index: usize,
    found: &'f mut Vec<Problem>,
}

impl Judged<'_> {
    fn need(&mut self, holds: bool, code: &'static str, field: &str, words: impl FnOnce() -> Words) {
        if !holds {
            self.found.push(Problem::new(code, format!("/layers/{}/{field}", self.index), words()));
        }
    }

    fn layer(&mut self, layer: &Layer, rules: &ZoneRules) {
        let (kind, color) = match &layer.content {
            Content::Text(text) => (Kind::Text, Some(text.color)),
            Content::Image(_) => (Kind::Image, None),
            Content::Shape(shape) => (Kind::Shape, Some(shape.color)),
        };
        self.need(allows(rules.types.as_ref(), &kind), "layer_type", "type", || {
            say!("This zone takes no layer of this type.", "Cette zone n'accepte pas ce type de calque.")
        });
        let palette = || say!("This colour is not offered here.", "Cette couleur n'est pas proposée ici.");
        self.need(color.is_none_or(|c| allows(rules.colors.as_ref(), &c)), "palette", "color", palette);
        if let Content::Text(text) = &layer.content
            && let Some(effect) = text.effect
        {
            self.need(allows(rules.colors.as_ref(), &effect.color), "palette", "effect/color", palette);
        }
    }

    /// Rules about what is written.
    fn words(&mut self, text: &Text, rules: &ZoneRules, everywhere: &Blocked) {
        let said = text.text.as_str();
        let length = said.graphemes(true).count();
        let (least, most) = (rules.length_min.unwrap_or(0), rules.length_max.unwrap_or(u32::MAX));
        self.need(length >= least as usize, "too_short", "text", || {
            say!("The text needs at least {least} characters.", "Le texte demande au moins {least} caractères.")
        });
        self.need(length <= most as usize, "too_long", "text", || {
            say!("The text takes at most {most} characters.", "Le texte accepte au plus {most} caractères.")
        });
        let most = rules.lines_max.unwrap_or(u32::MAX);
        self.need(said.split('\n').count() <= most as usize, "too_many_lines", "text", || {
            say!("The text takes at most {most} lines.", "Le texte accepte au plus {most} lignes.")
        });
        let in_script = |c: char| match c.script() {
            Script::Common | Script::Inherited | Script::Unknown => true,
            script => allows(rules.scripts.as_ref(), &script),
        };
        self.need(said.chars().all(in_script), "script", "text", || {
            say!(
                "The text holds letters of a script that is not offered here.",
                "Le texte contient des lettres d'une écriture qui n'est pas proposée ici."
            )
        });
        let known = |cluster: &str| rules.characters.as_ref().is_none_or(|set| set.contains(cluster));
        self.need(said.graphemes(true).all(|c| c == "\n" || known(c)), "character", "text", || {
            say!(
                "The text holds characters that are not offered here.",
                "Le texte contient des caractères qui ne sont pas proposés ici."
            )
        });
        if let Some(pattern) = &rules.pattern {
            self.need(pattern.regex.is_match(said), "pattern", "text", || pattern.hint.clone());
        }
        self.need(!rules.blocked.found_in(said) && !everywhere.found_in(said), "blocked_word", "text", || {
            say!(
                "The text holds a word that is not printed here.",
                "Le texte contient un mot qui n'est pas imprimé ici."
            )
        });
    }

    /// Rules about how it looks.
    fn look(&mut self, text: &Text, rules: &ZoneRules) {
        self.need(allows(rules.fonts.as_ref(), &text.font), "font", "font", || {
            say!("This font is not offered here.", "Cette police n'est pas proposée ici.")
        });
        let effect = text.effect.is_none_or(|effect| allows(rules.effects.as_ref(), &effect.kind));
        self.need(effect, "effect", "effect/kind", || {
            say!("This effect is not offered here.", "Cet effet n'est pas proposé ici.")
        });
        self.need(allows(rules.fits.as_ref(), &text.fit), "fit", "fit", || {
            say!("This way of fitting is not offered here.", "Ce mode d'ajustement n'est pas proposé ici.")
        });
        let emoji = rules.emoji != Some(Emoji::Refuse) || text.more().emoji == Emoji::Refuse;
        self.need(emoji, "emoji", "emoji", || {
            say!("Emoji are not printed here.", "Les émojis ne sont pas imprimés ici.")
        });
        let most = rules.size_um_max.unwrap_or(i32::MAX);
        self.need(text.size_um <= most, "max_size", "sizeMm", || Words {
            en: format!("The largest size here is {} mm.", mm(most)),
            fr: format!("La plus grande taille est ici de {} mm.", mm_fr(most)),
        });
    }

    /// Whether it can be printed, and large enough.
    fn fit(&mut self, text: &Text, layer: &Layer, rules: &ZoneRules) {
        let least = rules.size_um_min.unwrap_or(0);
        let too_small = |size: i32| Words {
            en: format!("The text would be {} mm large; the smallest size here is {} mm.", mm(size), mm(least)),
            fr: format!(
                "Le texte mesurerait {} mm ; la plus petite taille est ici de {} mm.",
                mm_fr(size),
                mm_fr(least)
            ),
        };
        match layout(text, layer.frame) {
            Ok(laid) => self.need(laid.size_um >= least, "min_size", "text", || too_small(laid.size_um)),
            Err(Refusal::Missing(clusters)) if rules.emoji.is_some() && clusters.iter().any(|c| is_emoji(c)) => {
                self.need(false, "emoji", "text", || {
                    say!(
                        "The text holds emoji that are not printed here.",
                        "Le texte contient des émojis qui ne sont pas imprimés ici."
                    )
                });
            }
            Err(refusal) => self.found.push(refusal.problem(self.index)),
        }
    }
}

/// Whether a cluster is one that the emoji font has.
fn is_emoji(cluster: &str) -> bool {
    use crate::text::fonts::{EMOJI, faces};
    cluster.chars().any(|c| !c.is_ascii() && faces()[EMOJI].has(c))
}

/// Whether a list that may be left out allows a value.
fn allows<T: PartialEq>(list: Option<&Vec<T>>, value: &T) -> bool {
    list.is_none_or(|list| list.contains(value))
}
