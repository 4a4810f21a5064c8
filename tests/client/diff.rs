//! A unified diff, for the message of a failed comparison.

/// `None` when the texts are equal.
pub fn unified(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) =
        (expected.split('\n').collect(), actual.split('\n').collect());
    let edits = edits(&old, &new);

    let mut out = String::from("--- expected\n+++ actual\n");
    let changed: Vec<usize> = (0..edits.len())
        .filter(|&i| !matches!(edits[i], Edit::Same(..)))
        .collect();
    let mut next = 0;
    while next < changed.len() {
        let first = changed[next].saturating_sub(CONTEXT);
        let mut last = changed[next];
        while next < changed.len() && changed[next] <= last + 2 * CONTEXT + 1 {
            last = changed[next];
            next += 1;
        }
        let hunk = &edits[first..edits.len().min(last + CONTEXT + 1)];
        let count = |f: fn(&Edit) -> bool| hunk.iter().filter(|e| f(e)).count();
        let (line_old, line_new) = hunk[0].lines();
        out.push_str(&format!(
            "@@ -{},{} +{},{} @@\n",
            line_old + 1,
            count(|e| !matches!(e, Edit::Insert(..))),
            line_new + 1,
            count(|e| !matches!(e, Edit::Delete(..))),
        ));
        for edit in hunk {
            let (mark, line) = match *edit {
                Edit::Same(o, _) => (' ', old[o]),
                Edit::Delete(o, _) => ('-', old[o]),
                Edit::Insert(_, n) => ('+', new[n]),
            };
            out.push(mark);
            out.push_str(line);
            out.push('\n');
        }
    }
    Some(out)
}

const CONTEXT: usize = 3;

/// Positions in the old and in the new text.
enum Edit {
    Same(usize, usize),
    Delete(usize, usize),
    Insert(usize, usize),
}

impl Edit {
    fn lines(&self) -> (usize, usize) {
        match *self {
            Edit::Same(o, n) | Edit::Delete(o, n) | Edit::Insert(o, n) => (o, n),
        }
    }
}

/// The longest common subsequence by dynamic programming, after cutting off what is common at both ends.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let head = old.iter().zip(new).take_while(|(o, n)| o == n).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(o, n)| o == n)
        .count();
    let (a, b) = (
        &old_rest[..old_rest.len() - tail],
        &new_rest[..new_rest.len() - tail],
    );

    let width = b.len() + 1;
    let mut common = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = if a[i] == b[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }

    let mut edits: Vec<Edit> = (0..head).map(|i| Edit::Same(i, i)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let position = (head + i, head + j);
        if i < a.len() && j < b.len() && a[i] == b[j] {
            edits.push(Edit::Same(position.0, position.1));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            edits.push(Edit::Delete(position.0, position.1));
            i += 1;
        } else {
            edits.push(Edit::Insert(position.0, position.1));
            j += 1;
        }
    }
    let (i, j) = (head + i, head + j);
    edits.extend((0..tail).map(|k| Edit::Same(i + k, j + k)));
    edits
}

#[test]
fn equal_texts_have_no_diff() {
    assert_eq!(unified("a\nb\n", "a\nb\n"), None);
    assert_eq!(unified("", ""), None);
}

#[test]
fn hunks_have_context_and_line_numbers() {
    let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n";
    let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n14\n16\n";
    assert_eq!(
        unified(old, new).unwrap(),
        "--- expected\n+++ actual\n\
         @@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
         @@ -12,6 +12,5 @@\n 12\n 13\n 14\n-15\n 16\n \n"
    );
}

#[test]
fn a_missing_end_of_line_is_a_difference() {
    assert_eq!(
        unified("a\n", "a").unwrap(),
        "--- expected\n+++ actual\n@@ -1,2 +1,1 @@\n a\n-\n"
    );
}
