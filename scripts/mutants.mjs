// Puts one-line bugs in on purpose (tests/simulation/mutants.txt), each in a copy of the tree, and says which
// of them the simulation finds: node scripts/mutants.mjs [number…]
// Fails unless each is found. The tree itself is never touched; the copy goes away, also when interrupted.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const parts = ["src", "tests", "migrations", "devstack", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "schema.sql"];
// Most are found within ten histories; the rarest within some hundreds.
const histories = process.env.SIM_HISTORIES ?? "2000";

/** Reads the list: blocks of four lines, `file`, `-`, `+`, `by`. */
function mutants() {
  const lines = readFileSync(join(root, "tests/simulation/mutants.txt"), "utf8").split("\n");
  const all = [];
  for (const line of lines.filter((line) => line !== "" && !line.startsWith("#"))) {
    const space = line.indexOf(" ");
    const [word, rest] = [line.slice(0, space), line.slice(space + 1)];
    if (word === "file") all.push({ file: rest });
    else all.at(-1)[word] = rest;
  }
  return all.map((mutant, index) => ({ number: index + 1, ...mutant }));
}

let running;

/** Runs cargo in the copy; answers its exit code and all it said. */
function cargo(copy, args, env) {
  return new Promise((resolve, reject) => {
    // Never the tree's own target: cargo names a copy's artifacts as it names the original's.
    const target = process.env.MUTANTS_TARGET_DIR ?? join(root, "target", "mutants");
    // In a group of its own, so that the histories under way end with it.
    const options = { cwd: copy, detached: true, env: { ...process.env, ...env, CARGO_TARGET_DIR: target, RUST_BACKTRACE: "0" } };
    running = spawn("cargo", args, options);
    let said = "";
    for (const stream of [running.stdout, running.stderr]) stream.on("data", (chunk) => (said += chunk));
    running.on("error", reject);
    running.on("close", (status) => resolve({ status, said }));
  });
}

/** Plays the histories in the copy: "killed: …" with the seed that did it, "survived" or "does not compile". */
async function play(copy) {
  const test = ["test", "-q", "--test", "simulation"];
  const built = await cargo(copy, [...test, "--no-run"], {});
  if (built.status !== 0) return `does not compile\n${built.said.split("\n").slice(0, 12).join("\n")}`;
  const ran = await cargo(copy, [...test, "every_history"], { SIM_HISTORIES: histories, SIM_FIRST: "1" });
  if (ran.status === 0) return "survived";
  const broke = /broke: \{"([^"]*)": \((\d+)/.exec(ran.said);
  return broke ? `killed by seed ${broke[2]}: ${broke[1]}` : `stopped without a word\n${ran.said.slice(-600)}`;
}

const wanted = process.argv.slice(2).map(Number);
const copy = mkdtempSync(join(tmpdir(), "mutants-"));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    if (running && running.exitCode === null && running.signalCode === null) process.kill(-running.pid, "SIGKILL");
    rmSync(copy, { recursive: true, force: true });
    process.exit(130);
  });
}
let [killed, tried] = [0, 0];
try {
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  const sound = await play(copy);
  if (sound !== "survived") throw new Error(`without any bug put in: ${sound}`);
  for (const mutant of mutants().filter(({ number }) => wanted.length === 0 || wanted.includes(number))) {
    const path = join(copy, mutant.file);
    const text = readFileSync(path, "utf8");
    let verdict = "the text is not there once";
    if (text.split(mutant["-"]).length === 2) {
      writeFileSync(path, text.replace(mutant["-"], () => mutant["+"]));
      verdict = await play(copy);
      writeFileSync(path, text);
    }
    const found = verdict.startsWith("killed");
    tried += 1;
    if (found) killed += 1;
    const bug = `${mutant.file}: ${mutant["+"].trim().slice(0, 80)}`;
    console.log(`${found ? "killed  " : "SURVIVED"} ${String(mutant.number).padStart(3)}  ${bug}\n${" ".repeat(14)}${verdict}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${killed} of ${tried} killed`);
process.exitCode = killed === tried ? 0 : 1;
