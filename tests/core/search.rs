//! Search: which words a text has, who finds what, that the words keep step, and what a page costs.

use livekit_storj::api::page;
use livekit_storj::search::{terms, words};
use livekit_storj::store::Statement;
use livekit_storj::store::lists::{Filter, Seer};
use livekit_storj::store::search::{Sought, index, recordings};
use livekit_storj::{params, time::Millis};
use serde_json::{Value, json};

use super::world::{START, World, query};

fn of(title: &str) -> String {
    words(&World::new(), title, "")
}

#[test]
fn words_are_without_accents_and_case_in_any_alphabet() {
    for (title, expected) in [
        ("Näkö & kuulo", "nako kuulo"),
        ("ÀÉÎÕÜ Łódź Øre Ærø Straße ĲSSEL ﬁlm", "aeiou lodz ore aero strasse ijssel film"),
        ("ΟΔΟΣ οδός Ώρα", "οδοσ ωρα"),
        ("Ёлка Їжак Ґанок йод", "елка іжак ганок иод"),
        ("ＡＢＣ　１２３ x² ½", "abc 123 x2 1 2"),
        ("مُحَمَّد أحمد", "محمد احمد"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी सभा।", "हिन्दी सभा"),
        ("it's v1.2, OK?", "it s v1 2 ok"),
        ("go GO Go", "go"),
        ("🎉 — …", ""),
    ] {
        assert_eq!(of(title), expected, "{title}");
    }
}

#[test]
fn scripts_without_spaces_are_found_by_any_part() {
    let found = |title: &str, sought: &str| {
        let (words, terms) = (of(title), terms(&World::new(), sought));
        !terms.is_empty() && terms.split(' ').all(|term| words.split(' ').any(|word| word.starts_with(term)))
    };
    for (title, sought) in [
        ("第7回録画配信テスト", "録画配信"),
        ("第7回録画配信テスト", "画"),
        ("第7回録画配信テスト", "ト"),
        ("第7回録画配信テスト", "ﾃｽﾄ 7"),
        ("ライブ", "イブ"),
        ("การประชุมประจำปี", "ประชุม"),
        ("한국어 강의", "하"),
        ("한국어 강의", "강의"),
        ("Daily standup", "stand DAI"),
    ] {
        assert!(found(title, sought), "{sought} in {title}");
    }
    for (title, sought) in [("第7回録画配信テスト", "録配"), ("한국어 강의", "의"), ("Daily standup", "up"), ("abc", "abcd")]
    {
        assert!(!found(title, sought), "{sought} in {title}");
    }
}

#[test]
fn what_is_looked_for_is_bounded_and_begins_with_the_longest() {
    let of = |text: &str| terms(&World::new(), text);
    assert_eq!(of("a live streaming live li stream"), "streaming live a");
    assert_eq!(of("Donaudampfschifffahrtsgesellschaft"), "donaudampfschiff");
    let many: Vec<String> = (0..50).map(|n| format!("w{n}x")).collect();
    assert_eq!(of(&many.join(" ")).split(' ').count(), 12);
    assert_eq!(words(&World::new(), &many.join(" "), "room").split(' ').count(), 40);
    assert!(of("?!").is_empty());
}

/// A recording without words, as they are from before.
fn add(world: &World, id: &str, title: &str, owner: &str, visibility: &str, at: i64) {
    let row = "INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, \
               quality, created_at) VALUES (?, ?, ?, 'room', ?, 1, 'ready', ?, 'k', 'b', 'http://e', 'r', '1080p', ?)";
    query(&world.db, &Statement::new(row, params![id, id, title, owner, visibility, at])).unwrap();
}

fn found(world: &World, user: &str, q: &str) -> Vec<String> {
    let (mut ids, mut cursor, mut pages) = (vec![], String::new(), 0);
    loop {
        let (status, body) = world.call(user, "GET", &format!("/api/recordings?q={q}&limit=3{cursor}"), Value::Null);
        assert_eq!(status, 200, "{body}");
        let page = body["recordings"].as_array().unwrap();
        ids.extend(page.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        pages += 1;
        assert!(pages < 200);
        let Some(next) = body["nextCursor"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

fn indexed(world: &World) {
    for _ in 0..20 {
        world.advance(60_000);
        world.cron();
    }
    assert_eq!(world.one("SELECT count(*) FROM assets WHERE words IS NULL"), 0);
}

#[test]
fn everyone_finds_exactly_what_they_may_see_newest_first() {
    let world = World::new();
    let mut all = vec![];
    for n in 0..90_i64 {
        let (owner, visibility) = (["alice", "bob"][n as usize % 2], ["public", "private", "public"][n as usize % 3]);
        let title = format!("{} {}", ["Morning show", "Evening SHOW", "Näytös"][n as usize % 3], ["ilta", "aamu"][n as usize % 2]);
        let id = format!("r{:02}", (n * 7) % 90);
        add(&world, &id, &title, owner, visibility, START.0 + n / 4);
        all.push((START.0 + n / 4, id, owner, visibility, title.to_lowercase()));
    }
    indexed(&world);
    all.sort_by(|a, b| b.cmp(a));
    for user in ["", "alice", "bob", "mallory", "admin"] {
        for (q, words) in
            [("show", vec!["show"]), ("sho+EVE", vec!["show", "evening"]), ("naytos", vec!["näytös"]), ("ilt+mor", vec!["ilta", "morning"])]
        {
            for mine in [false, true] {
                let may = |owner: &str, visibility: &str| {
                    if mine { owner == user } else { user == "admin" || owner == user || visibility == "public" }
                };
                if mine && user.is_empty() {
                    continue;
                }
                let right: Vec<_> = all
                    .iter()
                    .filter(|(_, _, owner, visibility, title)| may(owner, visibility) && words.iter().all(|word| title.contains(word)))
                    .map(|(_, id, ..)| id.clone())
                    .collect();
                assert!(user != "admin" || mine || !right.is_empty());
                let q = if mine { format!("{q}&mine=true") } else { q.to_owned() };
                assert_eq!(found(&world, user, &q), right, "{user} {q}");
            }
        }
    }
    let from = Millis(START.0 + 5).iso();
    assert_eq!(found(&world, "", &format!("show&from={from}&to={from}")), Vec::<String>::new());
    assert!(found(&world, "admin", &format!("show&to={from}")).len() > 5);
    assert!(found(&world, "admin", "show&status=missing").is_empty());
    assert!(found(&world, "admin", "?!").is_empty());
}

/// What the words of the rows are, made anew: the table must hold exactly that.
fn assert_in_step(world: &World) {
    let kept = world.rows("SELECT scope, word, place, asset_id FROM asset_words ORDER BY 1, 2, 3, 4");
    let mut right = std::collections::BTreeSet::new();
    for row in world.rows("SELECT * FROM assets WHERE words IS NOT NULL") {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let kept = words(world, &text("title"), &text("room_name"));
        assert_eq!(row["words"], json!(kept), "{}", text("title"));
        let mut all: Vec<String> = kept
            .split(' ')
            .flat_map(|word| (1..=word.chars().count()).map(|n| word.chars().take(n).collect()).collect::<Vec<_>>())
            .collect();
        if row["stream_id"].is_string() {
            all.push(format!("#{}", text("stream_id")));
        }
        for scope in [text("visibility"), format!("@{}", text("owner_id"))] {
            right.extend(all.iter().map(|word| (scope.clone(), word.clone(), row["created_at"].as_i64(), text("id"))));
        }
    }
    let kept: Vec<_> = kept
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("scope"), text("word"), row["place"].as_i64(), text("asset_id"))
        })
        .collect();
    assert_eq!(kept, right.into_iter().collect::<Vec<_>>());
}

#[test]
fn words_keep_step_with_every_change_of_a_recording_whoever_makes_it() {
    let world = World::new();
    add(&world, "a", "Näkö show shop", "alice", "public", 1);
    add(&world, "b", "Second", "alice", "private", 1);
    indexed(&world);
    assert_in_step(&world);
    assert_eq!(world.call("alice", "PATCH", "/api/recordings/a", json!({ "title": "Other words" })).0, 200);
    assert_in_step(&world);
    assert_eq!((found(&world, "", "show").len(), found(&world, "", "other")), (0, vec!["a".to_owned()]));
    world.call("alice", "PATCH", "/api/recordings/a", json!({ "title": "other  WORDS" }));
    assert_eq!(found(&world, "", "other"), ["a"], "a title of the same words stays findable");
    world.call("alice", "PATCH", "/api/recordings/a", json!({ "visibility": "private" }));
    assert_eq!(
        (found(&world, "bob", "other").len(), found(&world, "alice", "other").len(), found(&world, "admin", "other").len()),
        (0, 1, 1)
    );
    world.call("alice", "PATCH", "/api/recordings/a", json!({ "visibility": "public", "title": "Both" }));
    assert_eq!(found(&world, "bob", "both"), ["a"]);
    assert_in_step(&world);
    for sql in [
        "UPDATE assets SET stream_id = 's1'",
        "UPDATE assets SET created_at = created_at - 5, owner_id = 'carol'",
        "UPDATE assets SET stream_id = NULL, status = 'deleting' WHERE id = 'b'",
    ] {
        world.db.execute_batch(sql).unwrap();
        assert_in_step(&world);
    }
    assert_eq!(found(&world, "carol", "both&streamId=s1"), ["a"]);
    assert!(found(&world, "carol", "both&streamId=s2").is_empty());
    // A rename that knows nothing of words: the old ones find nothing, the schedule makes the new ones.
    world.db.execute_batch("UPDATE assets SET title = 'Behind our back' WHERE id = 'a'").unwrap();
    assert!(found(&world, "carol", "both").is_empty());
    indexed(&world);
    assert_eq!(found(&world, "carol", "behind"), ["a"]);
    // Words of a title that is no longer the title are not filed.
    query(&world.db, &index("a", "Both", words(&world, "Both", "room"))).unwrap();
    assert_in_step(&world);
    world.db.execute_batch("DELETE FROM assets").unwrap();
    assert_eq!(world.one("SELECT count(*) FROM asset_words"), 0);
}

#[test]
fn a_recording_is_found_as_soon_as_it_is_ready() {
    let world = World::new();
    super::flows::live(&world, true);
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.webhook(super::flows::egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(world.one("SELECT status FROM assets"), "ready");
    assert_eq!(found(&world, "alice", "r").len(), 1);
    assert_in_step(&world);
}

#[test]
fn a_cursor_goes_on_with_its_own_words_alone() {
    let world = World::new();
    for n in 0..5 {
        add(&world, &format!("r{n}"), "Show time", "alice", "public", n);
    }
    indexed(&world);
    let (_, body) = world.call("", "GET", "/api/recordings?q=show&limit=2", Value::Null);
    let cursor = body["nextCursor"].as_str().unwrap();
    for (query, status) in [("q=SHOW", 200), ("q=shows", 400), ("q=time", 400), ("q=!", 400), ("", 400), ("mine=false", 400)] {
        assert_eq!(world.call("", "GET", &format!("/api/recordings?{query}&cursor={cursor}"), Value::Null).0, status, "{query}");
    }
    let plain = page::cursor(Millis(3), "r3");
    assert_eq!(world.call("", "GET", &format!("/api/recordings?q=show&cursor={plain}"), Value::Null).0, 400);
    let long = "x".repeat(201);
    let (status, body) = world.call("", "GET", &format!("/api/recordings?q={long}"), Value::Null);
    assert_eq!((status, body["message"].as_str().unwrap()), (400, "`q` takes at most 200 characters"));
}

/// Steps of SQLite's machine for a page of what is looked for.
fn steps(world: &World, seer: &Seer, terms: &str, stream: Option<&str>) -> i32 {
    let filter = Filter { stream_id: stream.map(str::to_owned), ..Filter::default() };
    let statement = recordings(seer, &Sought { terms, filter: &filter, after: None, limit: 20 });
    super::plans::steps(world, &statement).0
}

#[test]
fn a_page_of_a_search_costs_the_same_whatever_the_table_holds() {
    let world = World::new();
    let fill = |from: i64, to: i64| {
        // Everything is a show; every hundredth a rare one; the oldest alone is unique.
        let rows = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                    INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, \
                    region, quality, created_at, stream_id) SELECT 'r' || i, 'j' || i, 't', 'r', 'user' || (i % 3), 1, 'ready', \
                    CASE WHEN i % 2 THEN 'public' ELSE 'private' END, 'k', 'b', 'e', 'x', '1080p', i * 1000, 's' || (i / 10) FROM n";
        query(&world.db, &Statement::new(rows, params![from, to])).unwrap();
        let named = "UPDATE assets SET words = CASE WHEN created_at = 1000 THEN 'show unique' \
                     WHEN created_at % 100000 = 1000 THEN 'show rare' ELSE 'show' END WHERE words IS NULL";
        query(&world.db, &Statement::new(named, vec![])).unwrap();
    };
    let cost = |world: &World| {
        let mut all = vec![];
        for seer in [Seer::Anyone, Seer::User("user1".to_owned()), Seer::Mine("user1".to_owned()), Seer::Admin] {
            for terms in ["show", "sh", "show rare", "unique show", "show nothing"] {
                all.push(steps(world, &seer, terms, None));
            }
            all.push(steps(world, &seer, "show", Some("s0")));
        }
        all
    };
    fill(1, 1_000);
    let few = cost(&world);
    fill(1_001, 20_000);
    for (index, (few, many)) in few.into_iter().zip(cost(&world)).enumerate() {
        // A page of the rare is short with a thousand recordings, and full with thirty thousand.
        assert!(many < few * 2 || many < 40_000, "{index}: {few} steps became {many}");
    }
    // However old it is: the rarest of the terms is walked.
    let seen = found(&world, "", "show+uniq");
    assert_eq!(seen, ["r1.0"], "bound as a double");
    let (_, body) = world.call("", "GET", "/api/recordings?q=show+uniq", Value::Null);
    assert_eq!((body["recordings"].as_array().unwrap().len(), &body["nextCursor"]), (1, &Value::Null), "in one page");
}
