//! Runs commands in turns, round after round, and measures each whole process, from spawn to wait.
//!
//! Usage: `SPEC=FILE ROUNDS=NUMBER WARM_UP=NUMBER rounds [ANYTHING]`. It ignores its arguments, which the commands can
//! read as their parent's command line, like a client's.
//!
//! A line of SPEC is one command, with fields separated by tabs: name, the name of its floor (or nothing), rounds
//! between two of its runs, processes started together, stdin file, environment file, a command that is run before it
//! and not measured (a program and its arguments separated by spaces, or nothing), program, arguments. `@ROUND@` in a
//! stdin file becomes the number of the round. The first command with a number of processes is the empty program that
//! the others are compared with; it and every floor take part in every round.

use std::{env, fs, io};
use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::process::{Child, Command as Process, ExitCode, Stdio};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One row of the table: the command to run, and its milliseconds by round.
struct Command {
    name: String,
    floor: String,
    every: usize,
    at_once: usize,
    stdin: String,
    environment: Vec<(String, String)>,
    before: Vec<String>,
    program: String,
    arguments: Vec<String>,
    times: HashMap<usize, f64>,
}

impl Command {
    fn parse(line: &str) -> Result<Self> {
        let mut fields = line.split('\t');
        let mut next = || fields.next().ok_or_else(|| format!("a field is missing: {line}"));
        Ok(Self {
            name: next()?.to_owned(),
            floor: next()?.to_owned(),
            every: next()?.parse()?,
            at_once: next()?.parse()?,
            stdin: fs::read_to_string(next()?)?,
            environment: variables(&fs::read_to_string(next()?)?),
            before: next()?.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            program: next()?.to_owned(),
            arguments: fields.map(str::to_owned).collect(),
            times: HashMap::new(),
        })
    }

    /// Returns the milliseconds from the first spawn until the last process has exited.
    fn run(&self, round: usize) -> Result<f64> {
        let stdin = self.stdin.replace("@ROUND@", &round.to_string());
        self.make_ready()?;
        let mut ready = (0..self.at_once).map(|_| self.prepare(&stdin)).collect::<Result<Vec<_>>>()?;
        let start = Instant::now();
        let children = ready.iter_mut().map(Process::spawn).collect::<io::Result<Vec<Child>>>()?;
        let ended = children.into_iter().map(Child::wait_with_output).collect::<io::Result<Vec<_>>>()?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        match ended.iter().find(|end| !end.status.success()) {
            Some(end) => {
                Err(format!("{}: {}: {}", self.name, end.status, String::from_utf8_lossy(&end.stdout)).into())
            }
            None => Ok(took),
        }
    }

    /// Runs the command that precedes each round and is not measured.
    fn make_ready(&self) -> Result<()> {
        let Some((program, arguments)) = self.before.split_first() else { return Ok(()) };
        let mut process = Process::new(program);
        process.args(arguments).envs(self.environment.iter().cloned());
        let end = process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if end.success() { Ok(()) } else { Err(format!("{}: before it: {end}", self.name).into()) }
    }

    /// Writes the input to a pipe before the process starts (a pipe holds 64 KiB), so that writing it is not measured.
    fn prepare(&self, stdin: &str) -> Result<Process> {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(stdin.as_bytes())?;
        let mut process = Process::new(&self.program);
        process.args(&self.arguments).envs(self.environment.iter().cloned());
        process.stdin(reader).stdout(Stdio::piped());
        Ok(process)
    }

    fn row(&self, empty: &Self, floor: Option<&Self>) -> String {
        let times = sorted(self.times.values().copied());
        let empty_median = at(&sorted(empty.times.values().copied()), 50);
        let ratio = |other: &Self| {
            let ratios = self.times.iter().filter_map(|(round, time)| Some(time / other.times.get(round)?));
            format!("{:.2}", at(&sorted(ratios), 50))
        };
        format!(
            "| {} | {:.2} | {:.2} | {:.2} | {} | {} | {:.2} | {} |",
            self.name,
            at(&times, 50),
            at(&times, 0),
            at(&times, 90),
            ratio(empty),
            floor.map(ratio).unwrap_or_default(),
            at(&times, 50) - empty_median,
            times.len(),
        )
    }
}

fn variables(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Returns the value below which `percent` of the sorted values lie.
fn at(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * percent + 50) / 100).copied().unwrap_or(f64::NAN)
}

/// Shuffles with a fixed seed: no command always follows the same one, and two runs have the same order.
fn shuffle(order: &mut [usize], seed: &mut usize) {
    for last in (1..order.len()).rev() {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        order.swap(last, *seed % (last + 1));
    }
}

fn measure(commands: &mut [Command], rounds: usize, warm_up: usize) -> Result<()> {
    let mut order: Vec<usize> = (0..commands.len()).collect();
    let mut seed = 0x9E37_79B9;
    for round in 0..warm_up + rounds {
        shuffle(&mut order, &mut seed);
        for &turn in &order {
            let command = &mut commands[turn];
            if round < warm_up || (round - warm_up).is_multiple_of(command.every) {
                let took = command.run(round)?;
                command.times.insert(round, took);
            }
        }
    }
    for command in commands {
        command.times.retain(|round, _| *round >= warm_up);
    }
    Ok(())
}

fn run() -> Result<()> {
    let setting = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let (spec, rounds, warm_up) = (setting("SPEC")?, setting("ROUNDS")?, setting("WARM_UP")?);
    let mut commands = fs::read_to_string(spec)?.lines().map(Command::parse).collect::<Result<Vec<_>>>()?;
    measure(&mut commands, rounds.parse()?, warm_up.parse()?)?;
    let mut out = io::stdout().lock();
    writeln!(out, "| whole process | median ms | min | p90 | × empty | × floor | own ms | rounds |")?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
    for command in &commands {
        let empty = commands.iter().find(|other| other.at_once == command.at_once).unwrap_or(command);
        let floor = commands.iter().find(|other| other.name == command.floor);
        writeln!(out, "{}", command.row(empty, floor))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "rounds: {error}");
            ExitCode::FAILURE
        }
    }
}
