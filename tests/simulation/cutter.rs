//! The segments that a recorder writes while it records, as a model.
//!
//! Nobody looks at them before its end, so they are written then, as many as there would be.

use super::storj::folder_of;
use super::world::World;

/// What is asked for.
const SEGMENT_MS: i64 = 6_000;

/// How its segments end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With the recording: the rest is one too.
    Whole,
    /// The recorder is gone: full ones only, and the playlist may be one behind.
    Off,
    /// The bucket never took one of them.
    WithAHole,
}

/// Writes what an egress that was asked for them has recorded until now.
pub fn cut(world: &World, n: usize, how: Cut) {
    let egress = world.livekit.borrow().egresses[n].clone();
    if !egress.segments || egress.first_frame == 0 {
        return;
    }
    let length = world.livekit_now() - egress.first_frame;
    let mut lengths: Vec<i64> = (0..length / SEGMENT_MS).map(|_| SEGMENT_MS).collect();
    if how != Cut::Off && length % SEGMENT_MS > 0 {
        lengths.push(length % SEGMENT_MS);
    }
    let (folder, mut index) = (folder_of(&egress.key), "#EXTM3U\n".to_owned());
    let behind = usize::from(how == Cut::Off && world.dice.chance(&egress.id, "behind", 500));
    let hole = (how == Cut::WithAHole).then(|| world.dice.below(&egress.id, "hole", lengths.len().max(1) as u64));
    let mut storj = world.storj.borrow_mut();
    for (number, ms) in (0_u32..).zip(&lengths) {
        if (number as usize) + behind < lengths.len() {
            index += &format!("#EXTINF:{}.{:03},\ns_{number:05}.ts\n", ms / 1_000, ms % 1_000);
        }
        if hole != Some(u64::from(number)) {
            let key = format!("{folder}s_{number:05}.ts");
            let written = world.now() - length + SEGMENT_MS * (i64::from(number) + 1);
            storj.expires.extend(egress.ttl.map(|ttl| (key.clone(), written + ttl)));
            storj.objects.insert(key, ms.unsigned_abs() * 320);
            world.cut.borrow_mut().entry(egress.key.clone()).or_default().insert(number, ms.unsigned_abs() * 320);
        }
    }
    if !lengths.is_empty() {
        world.count("segments were written");
        let key = format!("{folder}index.m3u8");
        storj.expires.extend(egress.ttl.map(|ttl| (key.clone(), world.now() + ttl)));
        storj.objects.insert(key.clone(), index.len() as u64);
        storj.texts.insert(key, index);
    }
}
