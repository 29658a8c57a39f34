//! The front matter: `key: value`, line by line.

use super::{Group, Head, Lines, Need, PageError, fail};
use crate::dialect::Engine;
use crate::finding::{Confidence, Severity};
use crate::phase::Phase;

pub(super) fn head(text: &'static str) -> Result<(Head, Lines), PageError> {
    let mut lines = (1u32..).zip(text.lines()).peekable();
    if lines
        .next()
        .is_none_or(|(_, line)| line.trim_end() != "---")
    {
        return fail(1, "a page begins with `---`");
    }
    let mut keys = Keys::default();
    for (number, line) in lines.by_ref() {
        if line.trim_end() == "---" {
            return Ok((keys.head(number)?, lines));
        }
        keys.line(number, line)?;
    }
    fail(1, "the front matter is not closed by `---`")
}

/// Front matter while it is read.
#[derive(Default)]
struct Keys {
    found: Vec<(&'static str, u32, &'static str)>,
}

const KEYS: [&str; 11] = [
    "id",
    "group",
    "severity",
    "confidence",
    "default",
    "engines",
    "phases",
    "needs",
    "sources",
    "recipe",
    "measured",
];

impl Keys {
    fn line(&mut self, number: u32, line: &'static str) -> Result<(), PageError> {
        let Some((key, value)) = line.split_once(':') else {
            return fail(number, format!("expected `key: value`, found `{line}`"));
        };
        if !KEYS.contains(&key) {
            return fail(
                number,
                format!("unknown key `{key}`; the keys are {}", KEYS.join(", ")),
            );
        }
        if self.found.iter().any(|(known, ..)| *known == key) {
            return fail(number, format!("`{key}` stands twice"));
        }
        self.found.push((key, number, value.trim()));
        Ok(())
    }

    fn get(&self, key: &str) -> Option<(u32, &'static str)> {
        let (_, number, value) = self.found.iter().find(|(known, ..)| *known == key)?;
        Some((*number, value))
    }

    fn value<T>(
        &self,
        key: &str,
        end: u32,
        read: fn(&'static str) -> Result<T, String>,
    ) -> Result<T, PageError> {
        let Some((line, value)) = self.get(key) else {
            return fail(end, format!("`{key}` is missing"));
        };
        read(value).or_else(|message| fail(line, message))
    }

    fn head(&self, end: u32) -> Result<Head, PageError> {
        Ok(Head {
            id: self.value("id", end, id)?,
            group: self.value("group", end, word::<Group>)?,
            severity: self.value("severity", end, severity)?,
            confidence: self.value("confidence", end, confidence)?,
            on: match self.get("default") {
                None => true,
                Some(_) => self.value("default", end, switch)?,
            },
            engines: self.value("engines", end, engines)?,
            phases: self.value("phases", end, phases)?,
            needs: self.value("needs", end, |text| list(text, word::<Need>))?,
            sources: self.value("sources", end, links)?,
            recipe: match self.get("recipe") {
                None => None,
                Some(_) => Some(self.value("recipe", end, id)?),
            },
            measured: match self.get("measured") {
                None => Vec::new(),
                Some(_) => self.value("measured", end, |text| list(text, case))?,
            },
        })
    }
}

/// The name of a measured case.
fn case(text: &'static str) -> Result<&'static str, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match !text.is_empty() && text.bytes().all(plain) {
        true => Ok(text),
        false => Err(format!("`{text}` is no case")),
    }
}

fn id(text: &'static str) -> Result<&'static str, String> {
    let kebab = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if text.split('-').all(kebab) {
        Ok(text)
    } else {
        Err(format!("`{text}` is not in kebab-case"))
    }
}

fn word<T: std::str::FromStr + strum::VariantNames>(text: &'static str) -> Result<T, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is none of {}",
            <T as strum::VariantNames>::VARIANTS.join(", ")
        )
    })
}

fn severity(text: &'static str) -> Result<Severity, String> {
    match text {
        "error" => Ok(Severity::Error),
        "warning" => Ok(Severity::Warning),
        "info" => Ok(Severity::Info),
        _ => Err(format!("`{text}` is none of error, warning, info")),
    }
}

fn confidence(text: &'static str) -> Result<Confidence, String> {
    match text {
        "high" => Ok(Confidence::High),
        "medium" => Ok(Confidence::Medium),
        "low" => Ok(Confidence::Low),
        _ => Err(format!("`{text}` is none of high, medium, low")),
    }
}

fn switch(text: &'static str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{text}` is none of on, off")),
    }
}

fn list<T>(
    text: &'static str,
    read: fn(&'static str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    text.split(',').map(|part| read(part.trim())).collect()
}

fn engines(text: &'static str) -> Result<Vec<Engine>, String> {
    if text == "all" {
        return Ok(Vec::new());
    }
    list(text, |part| {
        Engine::from_word(part)
            .filter(|engine| engine.name() == part)
            .ok_or_else(|| format!("`{part}` is not the name of an engine"))
    })
}

fn phases(text: &'static str) -> Result<Vec<Phase>, String> {
    if text == "all" {
        return Ok(Vec::new());
    }
    list(text, |part| {
        part.parse()
            .map_err(|_| format!("`{part}` is none of expand, migrate, contract, all"))
    })
}

fn links(text: &'static str) -> Result<Vec<&'static str>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    list(text, |link| {
        if link.starts_with("https://") || link.starts_with("http://") {
            Ok(link)
        } else {
            Err(format!("`{link}` is not a link"))
        }
    })
}
