//! Words that nobody may have printed: found in spite of capitals, accents, look-alike letters, digits for letters and
//! spaces between letters, and not found inside other words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// So many of a letter in a row are no spelling: it is drawn out.
const DRAWN_OUT: usize = 3;

/// Blocked words in the form in which they are compared.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Blocked {
    words: Vec<Word>,
}

#[derive(Clone, Debug)]
struct Word {
    /// Its parts, as [`fold`] leaves them; a phrase has several.
    parts: Vec<String>,
    /// It is blocked inside other words as well: it was written with a `*` at its end.
    inside: bool,
}

impl Blocked {
    /// Takes words as people write them; `*` at the end blocks the word inside others too. One that holds no letter
    /// blocks nothing and is refused by returning its index.
    pub(super) fn new(words: &[String]) -> Result<Self, usize> {
        let read = |(index, word): (usize, &String)| {
            let inside = word.ends_with('*');
            let parts = tokens(word.trim_end_matches('*'));
            if parts.is_empty() { Err(index) } else { Ok(Word { parts, inside }) }
        };
        Ok(Self { words: words.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// Whether a text holds one of them.
    pub(super) fn found_in(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let tokens = tokens(text);
        let spelled = spelled_out(&tokens);
        let all = || tokens.iter().chain(&spelled);
        self.words.iter().any(|word| match word.parts.as_slice() {
            [one] if word.inside => {
                all().any(|token| token.contains(one.as_str()) || squeezed(token).contains(one.as_str()))
            }
            [one] => all().any(|token| says(token, one)),
            phrase => tokens.windows(phrase.len()).any(|window| window.iter().zip(phrase).all(|(t, w)| says(t, w))),
        })
    }
}

/// The words of a text, folded.
fn tokens(text: &str) -> Vec<String> {
    let stands_for_a_letter = |c: char| c.is_alphanumeric() || is_combining_mark(c) || "@$!€".contains(c);
    let words = text.split(|c: char| !stands_for_a_letter(c) && !super::super::characters::is_ignorable(c));
    // A mark of punctuation ends a word; in its middle it stands for a letter.
    let words = words.map(|word| word.trim_end_matches('!'));
    words.map(fold).filter(|word| !word.is_empty()).collect()
}

/// Runs of single letters, joined: `b a d` hides `bad`.
fn spelled_out(tokens: &[String]) -> Vec<String> {
    let single = |token: &String| token.chars().count() == 1;
    tokens.chunk_by(|a, b| single(a) && single(b)).filter(|run| run.len() > 1).map(<[String]>::concat).collect()
}

/// Whether a token is a word, perhaps with letters drawn out: `daaarn` is `darn`, but `as` is not `ass`.
fn says(token: &str, word: &str) -> bool {
    let (told, meant) = (runs(token), runs(word));
    let same = |((a, n), (b, m)): (&(char, usize), &(char, usize))| a == b && (n == m || (n > m && *n >= DRAWN_OUT));
    told.len() == meant.len() && told.iter().zip(&meant).all(same)
}

/// Letters with how often they follow each other.
fn runs(word: &str) -> Vec<(char, usize)> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}

/// With letters that are drawn out once.
fn squeezed(token: &str) -> String {
    let once = |(c, n): (char, usize)| std::iter::repeat_n(c, if n >= DRAWN_OUT { 1 } else { n });
    runs(token).into_iter().flat_map(once).collect()
}

/// Small letters without marks, look-alikes and digits as the letters they stand for.
fn fold(word: &str) -> String {
    let plain: String = word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    // The skeleton is Unicode's (UTS 39): Cyrillic and Greek look-alikes become Latin. Not for Latin itself, where it takes
    // an `m` for `rn`.
    let latin = |c: char| if c.is_ascii() { c.to_string() } else { skeleton(&c.to_string()).collect() };
    let letters: String = plain.chars().map(letter).map(latin).collect();
    letters.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The letter that a digit or sign stands for.
fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::Blocked;

    fn found(word: &str, text: &str) -> bool {
        Blocked::new(&[word.to_owned()]).map(|blocked| blocked.found_in(text)).unwrap_or_default()
    }

    #[test]
    fn disguises_do_not_help() {
        for text in [
            "a darn mug",
            "DARN",
            "Dàrn!",
            "d4rn",
            "da\u{200b}rn",
            "dаrn",
            "ｄａｒｎ",
            "d a r n",
            "daaarn",
            "d-a-r-n",
            "dârn.",
            "𝐝𝐚𝐫𝐧",
        ] {
            assert!(found("darn", text), "{text}");
        }
    }

    #[test]
    fn innocent_words_pass() {
        for (word, text) in [
            ("darn", "darning"),
            ("ass", "Classic"),
            ("hell", "Hello, Shell"),
            ("cul", "calcul"),
            ("ass", "as good as it gets"),
            ("god", "good"),
            ("darn", "the dam"),
        ] {
            assert!(!found(word, text), "{text}");
        }
        assert!(found("ass", "asssss") && found("darn*", "undaaarned"));
        assert!(found("darn*", "darning") && found("big darn", "A BIG, darn thing") && !found("big darn", "darn big"));
    }

    #[test]
    fn a_word_of_no_letters_is_refused() {
        assert_eq!(Blocked::new(&["ok".to_owned(), "…".to_owned()]).err(), Some(1));
    }
}
