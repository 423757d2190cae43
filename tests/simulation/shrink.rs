//! From a failing history to a minimal one: actions and faults are taken away for as long as the same
//! invariant still breaks.

use super::history::play;
use super::plan::Plan;

/// A plan with all that struck written down, and nothing in it that could be left out.
pub fn shrink(plan: &Plan) -> Plan {
    let outcome = play(plan);
    let Some((invariant, _)) = outcome.violation else { return plan.clone() };
    let fails = |plan: &Plan| play(plan).violation.is_some_and(|(broken, _)| broken == invariant);
    let mut least = Plan { faults: Some(outcome.struck), ..plan.clone() };
    if !fails(&least) {
        return plan.clone();
    }
    loop {
        let size = weight(&least);
        least = fewer_faults(least, &fails);
        least = fewer_steps(least, &fails);
        if weight(&least) == size {
            return least;
        }
    }
}

fn weight(plan: &Plan) -> usize {
    plan.steps.len() + plan.faults.as_ref().map_or(0, std::collections::BTreeMap::len)
}

fn fewer_faults(mut least: Plan, fails: &impl Fn(&Plan) -> bool) -> Plan {
    let mut chunk = weight(&least).next_power_of_two();
    while chunk > 0 {
        let places: Vec<String> = least.faults.iter().flatten().map(|(place, _)| place.clone()).collect();
        for group in places.chunks(chunk) {
            let mut less = least.clone();
            less.faults.iter_mut().for_each(|faults| faults.retain(|place, _| !group.contains(place)));
            if fails(&less) {
                least = less;
            }
        }
        chunk /= 2;
    }
    least
}

fn fewer_steps(mut least: Plan, fails: &impl Fn(&Plan) -> bool) -> Plan {
    for step in least.steps.clone().iter().rev() {
        let mut less = least.clone();
        less.steps.retain(|other| other.number != step.number);
        if fails(&less) {
            least = less;
        }
    }
    least
}

/// A failure for people: what happened, what broke, how to see it again.
pub fn tell(plan: &Plan) -> String {
    let outcome = play(plan);
    let mut lines = vec![format!("seed {}:", plan.seed)];
    for step in &plan.steps {
        lines.push(format!("  {:>8.1} s  room r{}  {:?}", step.at as f64 / 1_000.0, step.room, step.action));
    }
    for (place, fault) in &outcome.struck {
        lines.push(format!("  at {place}: {}", fault.meaning()));
    }
    let (invariant, how) = outcome.violation.unwrap_or(("nothing", String::new()));
    lines.push(format!("  broke: {invariant}: {how}"));
    lines.push(format!("  again: SIM_REPLAY='{}' cargo test --test simulation", plan.text()));
    lines.join("\n")
}
