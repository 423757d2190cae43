// Puts one-line bugs in on purpose (tests/simulation/mutants.txt), each in a copy of the tree, and says which
// of them the simulation finds: node scripts/mutants.mjs [number…]
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const parts = ["src", "tests", "migrations", "devstack", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "schema.sql"];
const histories = process.env.SIM_HISTORIES ?? "300";

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

/** Plays the histories in the copy: "killed: …", "survived" or "does not compile". */
function play(copy) {
  const env = { ...process.env, SIM_HISTORIES: histories, SIM_FIRST: "1", RUST_BACKTRACE: "0" };
  // Never the tree's own: cargo names a copy's artifacts as it names the original's.
  env.CARGO_TARGET_DIR = process.env.MUTANTS_TARGET_DIR ?? join(root, "target", "mutants");
  const ran = spawnSync("cargo", ["test", "-q", "--test", "simulation", "every_history"], { cwd: copy, env, encoding: "utf8" });
  if (ran.status === 0) return "survived";
  const broke = /broke: \{"([^"]*)"/.exec(ran.stdout + ran.stderr);
  if (broke) return `killed: ${broke[1]}`;
  return `does not compile\n${ran.stderr.split("\n").slice(0, 12).join("\n")}`;
}

const wanted = process.argv.slice(2).map(Number);
const copy = mkdtempSync(join(tmpdir(), "mutants-"));
let failed = 0;
try {
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  const sound = play(copy);
  if (sound !== "survived") throw new Error(`without any bug put in: ${sound}`);
  for (const mutant of mutants().filter(({ number }) => wanted.length === 0 || wanted.includes(number))) {
    const path = join(copy, mutant.file);
    const text = readFileSync(path, "utf8");
    let verdict = "the text is not there once";
    if (text.split(mutant["-"]).length === 2) {
      writeFileSync(path, text.replace(mutant["-"], () => mutant["+"]));
      verdict = play(copy);
      writeFileSync(path, text);
    }
    const expected = mutant.by.startsWith("survives") ? verdict === "survived" : verdict.startsWith("killed");
    if (!expected) failed += 1;
    console.log(`${expected ? "as meant" : "NOT SO  "} ${String(mutant.number).padStart(3)}  ${mutant.file}: ${mutant["+"].trim().slice(0, 80)}\n${" ".repeat(14)}${verdict}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(failed === 0 ? "all as meant" : `${failed} not as meant`);
process.exitCode = failed === 0 ? 0 : 1;
