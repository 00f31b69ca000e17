// Reads the names of feeds and OPML files as a JSON array on stdin; prints what feedsmith reads in
// each: its format and what its entries say, null where they say nothing. One it cannot read is a
// text with the reason.
const { readFileSync } = require("fs");
const { parseFeed, parseOpml } = require("feedsmith");

const entries = {
  rss: (feed) =>
    feed.items.map((item) => ({
      id: item.guid?.value,
      title: item.title,
      address: item.link,
      content: item.content?.encoded,
      published: item.pubDate,
    })),
  atom: (feed) =>
    feed.entries.map((entry) => ({
      id: entry.id,
      title: entry.title?.value ?? entry.title,
      address: entry.links?.find((link) => (link.rel ?? "alternate") === "alternate")?.href,
      content: entry.content?.value,
      published: entry.published,
    })),
  json: (feed) =>
    feed.items.map((item) => ({
      id: item.id,
      title: item.title,
      address: item.url,
      content: item.content_html,
      published: item.date_published,
    })),
};
const read = (name) => {
  const text = readFileSync(name, "utf8");
  if (name.endsWith(".opml")) {
    const outlines = parseOpml(text).body.outlines ?? [];
    return { format: "opml", entries: outlines.map((one) => one.xmlUrl) };
  }
  const { format, feed } = parseFeed(text);
  const empty = { items: [], entries: [] };
  return { format, title: feed.title?.value ?? feed.title, entries: entries[format]({ ...empty, ...feed }) };
};
const found = {};
for (const name of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    found[name] = read(name);
  } catch (error) {
    found[name] = String(error);
  }
}
process.stdout.write(JSON.stringify(found));
