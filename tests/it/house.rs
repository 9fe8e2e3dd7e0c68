//! Which way arrows run: no room imports one that it must not know.

use std::path::Path;

/// Each room, and the rooms it may import. Those not named may be imported by all.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("vault", &["domain"]),
    ("store", &["domain"]),
    ("integrations", &["domain"]),
    ("documents", &["domain"]),
    ("sandbox", &["domain"]),
    (
        "workflows",
        &[
            "domain",
            "config",
            "vault",
            "store",
            "integrations",
            "documents",
            "context",
        ],
    ),
    (
        "jobs",
        &["domain", "config", "store", "workflows", "context"],
    ),
    (
        "web",
        &["domain", "config", "store", "workflows", "context"],
    ),
];
const OPEN_TO_ALL: &[&str] = &["fault", "progress"];

#[test]
fn arrows_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib");
    let mut faults = Vec::new();
    for (room, allowed) in ROOMS {
        for file in rust_files(&root.join(room)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (_, rest) in text
                .match_indices("crate::")
                .map(|(at, m)| (at, &text[at + m.len()..]))
            {
                let target: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                let fine = target == *room
                    || target.is_empty()
                    || allowed.contains(&target.as_str())
                    || OPEN_TO_ALL.contains(&target.as_str());
                if !fine {
                    faults.push(format!("{} imports {target}", file.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
