//! The parts of a page in Markdown: blocks, links, anchors, words.

use std::fmt;
use std::fs;
use std::path::PathBuf;

/// A page in English.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A fenced block.
#[derive(Default)]
pub(super) struct Block {
    pub(super) info: String,
    /// The comments between the previous block and this one, without their marks.
    pub(super) comments: Vec<String>,
    pub(super) lines: Vec<String>,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

/// Returns all pages in English, sorted by path.
pub(super) fn pages() -> Vec<Page> {
    let root = ["README.md", "README.zh-CN.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"];
    let docs = ["docs", "docs/zh-CN"].into_iter().flat_map(|folder| fs::read_dir(folder).expect(folder));
    let docs = docs.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = root.into_iter().map(PathBuf::from).chain(docs).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    assert!(paths.len() > 14, "the pages were found");
    paths.into_iter().map(Page::read).collect()
}

impl Page {
    pub(super) fn read(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { text: fs::read_to_string(&path).expect("a page"), path }
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut comments = Vec::new();
        let (mut comment, mut block) = (None::<String>, None::<(usize, Block)>);
        for line in self.text.lines() {
            if let Some((indent, mut open)) = block.take() {
                if line.trim() == "```" {
                    blocks.push(open);
                } else {
                    open.lines.push(line.get(indent..).unwrap_or_default().to_owned());
                    block = Some((indent, open));
                }
            } else if let Some(info) = line.trim_start().strip_prefix("```") {
                let comments = std::mem::take(&mut comments);
                let open = Block { info: info.to_owned(), comments, ..Block::default() };
                block = Some((line.len() - line.trim_start().len(), open));
            } else if comment.is_some() || line.trim_start().starts_with("<!--") {
                let text = comment.take().unwrap_or_default() + line + "\n";
                match text.trim().strip_suffix("-->") {
                    Some(whole) => comments.push(whole.trim_start_matches("<!--").trim().to_owned()),
                    None => comment = Some(text),
                }
            }
        }
        assert!(block.is_none() && comment.is_none(), "{self}: a block or a comment has no end");
        blocks
    }

    /// Returns the targets of all links outside of blocks.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        self.text.split("](").skip(1).filter_map(|part| part.split(')').next())
    }
}

impl Block {
    pub(super) fn is_samples(&self) -> bool {
        self.info == "console"
    }

    /// Returns the command lines of a block for a shell: the lines after `$ `, or all lines of a script.
    pub(super) fn commands(&self) -> Vec<String> {
        let lines = self.lines.iter();
        match self.info.as_str() {
            "console" => lines.filter_map(|line| Some(line.strip_prefix("$ ")?.to_owned())).collect(),
            "sh" => lines.cloned().collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns the anchors of a page's headings, as GitHub and GitLab make them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let heading = |line: &str| {
        let title = line.trim_start_matches('#');
        let is_heading = title.len() < line.len() && title.starts_with(' ');
        let keep = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        let anchor: String = title.trim().to_lowercase().chars().filter(|letter| keep(*letter)).collect();
        is_heading.then(|| anchor.replace(' ', "-"))
    };
    text.lines().filter_map(heading).collect()
}

/// Returns the words of a text in lower case.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
