//! What the documents refer to is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn relative_links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for document in documents() {
        for link in links(&text_of(&document)) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            if !leads_somewhere(&document, &link) {
                let name = document.strip_prefix(root()).unwrap().display().to_string();
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(followed > 100, "the index of rules alone has more");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_of_the_documentation_is_in_its_index() {
    let index: BTreeSet<String> = links(&text_of(&root().join("docs/README.md"))).collect();
    for page in markdown("docs") {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || index.contains(name), "docs/{name}");
    }
}

#[test]
fn links_and_anchors_are_read() {
    let text = "[a](b.md) ![c](<d e.png>) `[no](code.md)`\n```\n[no](fence.md)\n```\n[f]: g.md\n\n## A `b`, c!\n";
    assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "d e.png", "g.md"]);
    assert_eq!(anchors(text), BTreeSet::from(["a-b-c".to_owned()]));
}

fn documents() -> Vec<PathBuf> {
    let mut found = markdown(".");
    for folder in ["docs", "rules", "fixtures/truth", "tests/schemas"] {
        found.extend(markdown(folder));
    }
    found
}

fn markdown(folder: &str) -> Vec<PathBuf> {
    fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect()
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => document.to_path_buf(),
        path => document.parent().unwrap().join(path),
    };
    let inside = target.canonicalize().is_ok_and(|target| {
        root()
            .canonicalize()
            .is_ok_and(|root| target.starts_with(root))
    });
    inside && (anchor.is_empty() || anchors(&text_of(&target)).contains(anchor))
}

/// The lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    text.lines().filter(move |line| {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => return true,
            Some(_) => {}
        }
        false
    })
}

/// Where `[…](…)` and `[…]: …` lead, code left out.
fn links(text: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, _) in plain.match_indices("](") {
            let rest = &plain[at + 2..];
            let link = match rest.strip_prefix('<') {
                Some(rest) => rest.split('>').next(),
                None => rest.split([')', ' ']).next(),
            };
            found.extend(link.map(str::to_owned));
        }
        if let Some((_, link)) = plain.split_once("]: ").filter(|_| plain.starts_with('[')) {
            found.push(link.trim().to_owned());
        }
    }
    found.into_iter()
}

/// The addresses of the headings, as code hosts form them.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
