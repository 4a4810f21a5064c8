//! What of a documentation page can be run: its ```` ```sql ```` blocks, each with the
//! ```` ```text ```` (or ```` ```output ````) block that shows what psql prints, and the data that the page needs.

/// A page, as far as it can be run.
#[derive(Debug, PartialEq)]
pub struct Page {
    /// The names in `<!-- load: NAME -->` comments at the top.
    pub load: Vec<String>,
    pub examples: Vec<Example>,
}

#[derive(Debug, PartialEq)]
pub struct Example {
    /// The line of its opening fence, counted from 1.
    pub line: usize,
    pub sql: String,
    pub output: Option<Shown>,
}

/// The output that the page shows: lines `start..end` (counted from 0), without the fences.
#[derive(Debug, PartialEq)]
pub struct Shown {
    pub start: usize,
    pub end: usize,
    pub indent: usize,
    pub text: String,
}

/// Reads a page. An output block is the next fenced block after a sql block, unless a heading comes between.
pub fn parse(text: &str) -> Result<Page, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut page = Page {
        load: Vec::new(),
        examples: Vec::new(),
    };
    let mut at_top = true;
    // whether the next fenced block can be the output of the last example
    let mut awaits_output = false;
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i].trim();
        if let Some(fence) = Fence::open(lines[i]) {
            let start = i + 1;
            let Some(length) = lines[start..].iter().position(|line| fence.closes(line)) else {
                return Err(format!("line {}: this block is never closed", i + 1));
            };
            let end = start + length;
            let body: String = lines[start..end]
                .iter()
                .map(|line| fence.unindent(line).to_owned() + "\n")
                .collect();
            match fence.language {
                "sql" => {
                    page.examples.push(Example {
                        line: i + 1,
                        sql: body,
                        output: None,
                    });
                    awaits_output = true;
                }
                "text" | "output" if awaits_output => {
                    let example = page
                        .examples
                        .last_mut()
                        .expect("only an example awaits output");
                    example.output = Some(Shown {
                        start,
                        end,
                        indent: fence.indent,
                        text: body,
                    });
                    awaits_output = false;
                }
                "output" => {
                    return Err(format!(
                        "line {}: output without a sql block before it",
                        i + 1
                    ));
                }
                _ => awaits_output = false,
            }
            (i, at_top) = (end + 1, false);
            continue;
        }
        if line.starts_with('#') {
            awaits_output = false;
        }
        if let Some(comment) = line
            .strip_prefix("<!--")
            .and_then(|rest| rest.trim().strip_prefix("load:"))
        {
            let Some(name) = comment.strip_suffix("-->") else {
                return Err(format!(
                    "line {}: write <!-- load: NAME --> on one line",
                    i + 1
                ));
            };
            if !at_top {
                return Err(format!(
                    "line {}: <!-- load: NAME --> belongs at the top of the page",
                    i + 1
                ));
            }
            page.load.push(name.trim().to_owned());
        } else if !line.is_empty() && !line.starts_with("<!--") {
            at_top = false;
        }
        i += 1;
    }
    Ok(page)
}

struct Fence<'a> {
    indent: usize,
    mark: char,
    length: usize,
    language: &'a str,
}

impl<'a> Fence<'a> {
    fn open(line: &'a str) -> Option<Self> {
        let rest = line.trim_start();
        let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = rest.chars().take_while(|&c| c == mark).count();
        let info = &rest[length..];
        if length < 3 || (mark == '`' && info.contains('`')) {
            return None;
        }
        let language = info.split_whitespace().next().unwrap_or("");
        Some(Fence {
            indent: line.len() - rest.len(),
            mark,
            length,
            language,
        })
    }

    fn closes(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// A block in a list is indented, and its content with it.
    fn unindent<'l>(&self, line: &'l str) -> &'l str {
        let blanks = line.len() - line.trim_start().len();
        &line[blanks.min(self.indent)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(line: usize, sql: &str, output: Option<(usize, usize, usize, &str)>) -> Example {
        let output = output.map(|(start, end, indent, text)| Shown {
            start,
            end,
            indent,
            text: text.to_owned(),
        });
        Example {
            line,
            sql: sql.to_owned(),
            output,
        }
    }

    #[test]
    fn reads_examples_with_and_without_output() {
        let text = "<!-- load: demo/star -->\n# Title\n\n```sql\nSELECT 1;\n```\nprints\n```text\n 1\n```\n\n\
                    1. A list:\n   ````sql\n   SELECT 2;\n     -- ```\n   ````\n\n   ```output\n    2\n   ```\n\
                    ```sql\nSELECT 3;\n```\n## Next\n```text\na drawing\n```\n~~~sh\nls\n~~~\n";
        let page = parse(text).unwrap();
        assert_eq!(page.load, ["demo/star"]);
        assert_eq!(
            page.examples,
            [
                example(4, "SELECT 1;\n", Some((8, 9, 0, " 1\n"))),
                example(13, "SELECT 2;\n  -- ```\n", Some((18, 19, 3, " 2\n"))),
                example(21, "SELECT 3;\n", None),
            ]
        );
    }

    #[test]
    fn only_the_next_block_is_the_output() {
        let page = parse("```sql\nSELECT 1;\n```\n```sh\nls\n```\n```text\nx\n```\n").unwrap();
        assert_eq!(page.examples, [example(1, "SELECT 1;\n", None)]);
        let page = parse("```sql\nA;\n```\n```text\n```\n```text\nx\n```\n").unwrap();
        assert_eq!(page.examples, [example(1, "A;\n", Some((4, 4, 0, "")))]);
    }

    #[test]
    fn refuses_what_would_silently_not_run() {
        assert!(
            parse("```sql\nSELECT 1;\n")
                .unwrap_err()
                .starts_with("line 1: ")
        );
        assert!(
            parse("text\n<!-- load: demo/star -->\n")
                .unwrap_err()
                .starts_with("line 2: ")
        );
        assert!(
            parse("<!-- load: demo/star\n-->\n")
                .unwrap_err()
                .starts_with("line 1: ")
        );
        assert!(
            parse("```output\nx\n```\n")
                .unwrap_err()
                .starts_with("line 1: ")
        );
    }

    #[test]
    fn a_page_without_sql_has_nothing_to_run() {
        assert_eq!(
            parse("# Title\nIn `sql` and ```inline``` code\n")
                .unwrap()
                .examples,
            []
        );
    }
}
