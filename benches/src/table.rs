//! The table: medians, ratios, goals, and the word for what misses them.

use crate::Figures;
use serde_json::{Value, json};

/// Rows that are printed and written.
pub(crate) struct Table {
    engines: Vec<&'static str>,
    title: String,
    records: u64,
    rows: Vec<Row>,
    /// Wall and CPU time of `ground()` on the table's records.
    ground: Option<(f64, f64)>,
}

struct Row {
    work: String,
    /// One cell per engine.
    cells: Vec<String>,
    ratios: String,
    goal: String,
    short: bool,
    data: Value,
}

/// What the CPU time (or size) of a row is to reach.
#[derive(Clone, Copy)]
struct Goal {
    naive: f64,
    best: f64,
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut v: Vec<f64> = values.collect();
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
}

fn wall(f: &Figures, name: &str) -> f64 {
    median(f.get(name).into_iter().flatten().map(|v| v.0))
}

fn cpu(f: &Figures, name: &str) -> f64 {
    median(f.get(name).into_iter().flatten().map(|v| v.1))
}

fn short(number: f64) -> String {
    match number {
        n if n.is_nan() => "-".into(),
        n if n >= 10_000.0 => format!("{:.1}k", n / 1000.0),
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

impl Table {
    pub(crate) fn new(records: u64, rounds: usize, engines: Vec<&'static str>) -> Self {
        let title = format!(
            "{records} FHIR Observations of about 900 bytes, medians of {rounds} rounds in turn; us of CPU (us of wall)"
        );
        Self { engines, title, records, rows: Vec::new(), ground: None }
    }

    fn push(&mut self, work: &str, cells: Vec<String>, ratios: String, goal: &str, short: bool, data: Value) {
        self.rows.push(Row { work: work.to_owned(), cells, ratios, goal: goal.to_owned(), short, data });
    }

    /// A row of all engines, compared by CPU time.
    fn compared(&mut self, work: &str, name: &str, all: &[Figures], goal: Goal, size: bool) {
        let value = |f: &Figures| cpu(f, name);
        let cell = |f: &Figures| {
            if size {
                format!("{:.1} MB", value(f) / 1e6)
            } else {
                format!("{} ({})", short(value(f)), short(wall(f, name)))
            }
        };
        let cells = all.iter().map(cell).collect();
        let own = all.first().map_or(f64::NAN, value);
        let mut ratios = Vec::new();
        let mut missed = false;
        let mut data = serde_json::Map::new();
        for (engine, f) in self.engines.iter().zip(all) {
            data.insert(
                (*engine).to_owned(),
                json!({"cpu": cpu(f, name), "wall": wall(f, name), "rounds": f.get(name)}),
            );
            let ratio = value(f) / own;
            let wanted = match *engine {
                "ours" => continue,
                "naive" => goal.naive,
                "best" => goal.best,
                _ => 0.0,
            };
            missed |= ratio < wanted;
            ratios.push(format!("{ratio:.2}x {engine}"));
        }
        let goal = match goal {
            Goal { naive: 0.0, .. } => "printed".to_owned(),
            Goal { naive, best } => format!(">= {naive}x naive, >= {best}x best"),
        };
        self.push(work, cells, ratios.join(", "), &goal, missed, Value::Object(data));
    }

    pub(crate) fn common(&mut self, all: &[Figures]) {
        let goal = |naive, best| Goal { naive, best };
        self.compared("put of parsed records, catalog included", "put", all, goal(4.0, 2.0), false);
        self.compared("one durable record with its entry", "one", all, goal(1.0, 1.0), false);
        self.compared("random read of a body in a reader", "random", all, goal(2.0, 1.5), false);
        self.compared("last 100 values of a code, typed", "values", all, goal(20.0, 3.0), false);
        self.compared("last 100 bodies of a code", "bodies", all, goal(2.0, 1.5), false);
        self.compared("the same, read for the first time", "bodies-first", all, goal(0.0, 0.0), false);
        self.compared("file size", "size", all, goal(4.0, 1.0), true);
        self.opening("open + first read", all, 30.0);
        let Some(own) = all.first() else { return };
        let (p50, goal) = (wall(own, "ground"), 10_000.0);
        let data = json!({"cpu": cpu(own, "ground"), "wall": p50, "rounds": own.get("ground")});
        let cells = vec![format!("{} ({})", short(cpu(own, "ground")), short(p50))];
        self.push("ground(), p50", cells, format!("{:.2} of the goal", p50 / goal), "<= 10 ms wall", p50 > goal, data);
        self.ground = Some((p50, cpu(own, "ground")));
    }

    pub(crate) fn million(&mut self, all: &[Figures]) {
        self.opening("open + first read, a million", all, 200.0);
        let (Some(own), Some(before)) = (all.first(), self.ground) else { return };
        // The log of the vault: a million of something is 6 / 5 of a hundred thousand of it.
        let goal = 1e6_f64.ln() / (self.records as f64).ln();
        let (wall, cpu) = (wall(own, "ground"), cpu(own, "ground"));
        let grown = wall / before.0;
        let cells = vec![format!("{} ({})", short(cpu), short(wall))];
        let data = json!({"cpu": cpu, "wall": wall, "rounds": own.get("ground"), "grown": grown});
        let ratio = format!("{grown:.2}x that of {} (CPU {:.2}x)", self.records, cpu / before.1);
        self.push("ground(), p50, a million", cells, ratio, &format!("<= {goal:.2}x, as the log"), grown > goal, data);
    }

    fn opening(&mut self, work: &str, all: &[Figures], limit_ms: f64) {
        let cells = all.iter().map(|f| format!("{} ({})", short(cpu(f, "open")), short(wall(f, "open")))).collect();
        let Some(own) = all.first() else { return };
        let ratio = |(e, f): (&&str, &Figures)| {
            let r = wall(f, "open") / wall(own, "open");
            (!r.is_nan()).then(|| format!("{r:.3}x {e}"))
        };
        let ratios: Vec<String> = self.engines.iter().zip(all).skip(1).filter_map(ratio).collect();
        let missed = wall(own, "open") > limit_ms * 1000.0;
        let data = json!({"cpu": cpu(own, "open"), "wall": wall(own, "open"), "rounds": own.get("open")});
        self.push(work, cells, ratios.join(", "), &format!("<= {limit_ms} ms wall"), missed, data);
        let facts = wall(own, "facts");
        let each = wall(own, "resident") / facts;
        let data = json!({"resident": wall(own, "resident"), "facts": facts});
        let share = format!("{:.2} of the file", wall(own, "resident") / wall(own, "size"));
        self.push(
            &format!("resident after it, {facts} facts"),
            vec![format!("{each:.0} B/fact")],
            share,
            "printed",
            false,
            data,
        );
    }

    /// A whole import: MB/s of wall time, beside a parser alone.
    fn import(&mut self, work: &str, f: &Figures) {
        let bytes = wall(f, "bytes");
        let (by_wall, by_cpu) = (bytes / wall(f, "import"), bytes / cpu(f, "import"));
        let cells = vec![format!("{by_cpu:.0} MB/s ({by_wall:.0})")];
        let parser = bytes / cpu(f, "parse");
        let ratio = format!("{:.2}x the parser alone ({parser:.0} MB/s)", by_cpu / parser);
        let data = json!({"cpu": by_cpu, "wall": by_wall, "parser": parser, "rounds": f.get("import")});
        self.push(work, cells, ratio, ">= 60 MB/s", by_cpu < 60.0 || by_wall < 60.0, data);
    }

    fn again(&mut self, work: &str, f: &Figures) {
        let bytes = wall(f, "bytes");
        let (by_wall, by_cpu) = (bytes / wall(f, "again"), bytes / cpu(f, "again"));
        let reading = bytes / wall(f, "read");
        let ratio = format!("{:.2}x reading the file ({reading:.0} MB/s)", by_wall / reading);
        let data = json!({"cpu": by_cpu, "wall": by_wall, "reading": reading});
        let cells = vec![format!("{by_cpu:.0} MB/s ({by_wall:.0})")];
        self.push(work, cells, ratio, ">= 1000 MB/s", by_wall < 1000.0, data);
    }

    pub(crate) fn fhir(&mut self, f: &Figures) {
        self.import("FHIR text to sealed records (serde_json::Value beside)", f);
    }

    pub(crate) fn apple(&mut self, f: &Figures) {
        self.import("Apple Health export (quick-xml with attributes beside)", f);
        let (peak, bytes) = (wall(f, "peak"), wall(f, "bytes"));
        let share = format!("{:.3} of the input", peak / bytes);
        self.push(
            "its peak of resident memory",
            vec![format!("{:.1} MB", peak / 1e6)],
            share,
            "< 64 MB",
            peak >= 64e6,
            json!({"peak": peak}),
        );
        let each = wall(f, "size") / wall(f, "records");
        let share = format!("{:.4} of the XML", wall(f, "size") / bytes);
        let cells = vec![format!("{each:.2} B/sample")];
        self.push(
            "its file",
            cells,
            share,
            "<= 3 B/sample",
            each > 3.0,
            json!({"each": each, "samples": wall(f, "records")}),
        );
        self.again("the same file again", f);
    }

    pub(crate) fn decision(&mut self, f: &Figures) {
        let one = cpu(f, "decision");
        let cells = vec![format!("{} ({})", short(one), short(wall(f, "decision")))];
        let ratio = format!("{:.2} of the goal; compiling their rules {} us", one / 5.0, short(cpu(f, "rules")));
        self.push("consent decision with 100 grants", cells, ratio, "<= 5 us", one > 5.0, json!({"cpu": one}));
    }

    /// Of 10,000 keys one, and the file swept: milliseconds of CPU time.
    pub(crate) fn erase(&mut self, f: &Figures) {
        let (one, whole) = (cpu(f, "erase") / 1000.0, wall(f, "erase") / 1000.0);
        let cells = vec![format!("{one:.1} ms ({whole:.1})")];
        let data = json!({"cpu": one, "wall": whole});
        self.push(
            "one document erased among 10000 keys",
            cells,
            format!("{:.2} of the goal", one / 100.0),
            "<= 100 ms",
            one > 100.0,
            data,
        );
    }

    /// Megabytes of the file a second.
    pub(crate) fn rotate(&mut self, f: &Figures) {
        let bytes = wall(f, "size");
        let (by_cpu, by_wall) = (bytes / cpu(f, "rotate"), bytes / wall(f, "rotate"));
        let cells = vec![format!("{by_cpu:.0} MB/s ({by_wall:.0})")];
        let data = json!({"cpu": by_cpu, "wall": by_wall, "bytes": bytes, "rounds": f.get("rotate")});
        let work = format!("new keys for a space of {:.0} MB", bytes / 1e6);
        let ratio = format!("{:.2} of the goal", 200.0 / by_wall);
        self.push(&work, cells, ratio, ">= 200 MB/s", by_wall < 200.0 || by_cpu < 200.0, data);
    }

    /// Appending must not grow with the log; proofs, as the number of hashes on a path does.
    pub(crate) fn ledger(&mut self, all: &[(u64, Figures)]) {
        let Some((shortest, first)) = all.first() else { return };
        for (n, f) in all {
            let log = (*n as f64).ln() / (*shortest as f64).ln();
            for (work, name, limit, goal) in [
                ("a durable entry", "append", 1.5, "<= 1.5x"),
                ("a receipt made", "prove", 2.0 * log, "as the log"),
                ("a receipt verified", "verify", 2.0 * log, "as the log"),
                ("growth proved", "prove-growth", 2.0 * log, "as the log"),
                ("growth verified", "verify-growth", 2.0 * log, "as the log"),
                ("evidence of a release made", "evidence", 1.5 * *n as f64 / *shortest as f64, "<= linear"),
                ("evidence verified", "verify-evidence", 2.0 * log, "as the log"),
            ] {
                let grown = cpu(f, name) / cpu(first, name);
                let cells = vec![format!("{} ({})", short(cpu(f, name)), short(wall(f, name)))];
                let data = json!({"cpu": cpu(f, name), "wall": wall(f, name), "grown": grown});
                let ratio = format!("{grown:.2}x that at {shortest}");
                self.push(&format!("log of {n}: {work}"), cells, ratio, goal, grown > limit, data);
            }
            let (bytes, before) = (wall(f, "receipt"), wall(first, "receipt"));
            let cells = vec![format!("{bytes:.0} B")];
            let ratio = format!("{:.2}x that at {shortest}", bytes / before);
            let data = json!({"bytes": bytes});
            self.push(&format!("log of {n}: the receipt"), cells, ratio, "as the log", bytes / before > log, data);
        }
    }

    #[expect(clippy::print_stdout, reason = "the table is what this program is for")]
    pub(crate) fn print(&self) {
        println!("{}", self.title);
        println!(
            "naive, best: SQLCipher; plain: SQLite without encryption, naive schema; a ratio above 1: they take more"
        );
        let widest = |f: &dyn Fn(&Row) -> usize| self.rows.iter().map(f).max().unwrap_or(0);
        let work = widest(&|r| r.work.len());
        let cell: usize = widest(&|r| r.cells.iter().map(String::len).max().unwrap_or(0)).max(8);
        let ratios = widest(&|r| r.ratios.len());
        let goal = widest(&|r| r.goal.len());
        let line = |a: &str, cells: &[String], r: &str, g: &str, s: &str| {
            let cells: Vec<String> = (0..self.engines.len())
                .map(|i| format!("{:>cell$}", cells.get(i).map_or("", String::as_str)))
                .collect();
            println!("{}", format!("{a:work$}  {}  {r:ratios$}  {g:goal$}  {s}", cells.join("  ")).trim_end());
        };
        let names: Vec<String> = self.engines.iter().map(|e| (*e).to_owned()).collect();
        line("work", &names, "ratio to ours", "goal", "");
        for r in &self.rows {
            line(&r.work, &r.cells, &r.ratios, &r.goal, if r.short { "short" } else { "" });
        }
    }

    pub(crate) fn json(&self) -> serde_json::Result<String> {
        let row =
            |r: &Row| json!({"work": r.work, "goal": r.goal, "ratios": r.ratios, "short": r.short, "figures": r.data});
        serde_json::to_string_pretty(
            &json!({"title": self.title, "rows": self.rows.iter().map(row).collect::<Vec<_>>()}),
        )
    }
}
