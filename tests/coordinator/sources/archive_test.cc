#include "coordinator/sources/archive.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

#include "coordinator/sources/archive_names.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kMetadataText[] =
    R"({"type":"js","options":{"vus":2},"filename":"file:///home/nobody/t/script.js","pwd":"file:///home/nobody/t","env":{"A":"b"},"k6version":"2.2.0","goos":"linux"})";

// An entry of a tar, written by hand: header, content, padding.
std::string Entry(const std::string& name, const std::string& content, char type = '0',
                  const std::string& link = "") {
  std::string header(512, '\0');
  const auto put = [&header](size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, absl::StrFormat("%011o", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (const char c : header) {
    sum += static_cast<unsigned char>(c);
  }
  put(148, absl::StrFormat("%06o", sum) + std::string("\0 ", 2));
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512);
  return header + padded;
}

std::string End() {
  return std::string(1024, '\0');
}

// A good archive with `more` in it.
std::string Tar(const std::string& more) {
  return Entry("metadata.json", kMetadataText) + Entry("data", "main") + more + End();
}

std::string ErrorOf(const std::string& tar) {
  const absl::StatusOr<Archive> archive = ReadArchive(tar);
  return archive.ok() ? "(none)" : std::string(archive.status().message());
}

TEST(Archive, ReadsWhatK6Writes) {
  const absl::StatusOr<Archive> archive = ReadArchive(Tar(
      Entry("file", "", '5') + Entry("file/home/nobody/t", "", '5') +
      Entry("file/home/nobody/t/script.js", "main") + Entry("file/home/nobody/t/lib.js", "lib") +
      Entry("https/jslib.k6.io/k6-utils/1.4.0/index.js", "utils") +
      Entry("https/h/x y.js?a=b", "query")));
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(archive->main_url, "file:///home/nobody/t/script.js");
  EXPECT_EQ(archive->working_directory, "file:///home/nobody/t/");
  EXPECT_EQ(archive->main_script, "main");
  EXPECT_EQ(archive->options_json, R"({"vus":2})");
  EXPECT_THAT(archive->env, ElementsAre(Pair("A", "b")));
  EXPECT_EQ(*archive->Find("file:///home/nobody/t/lib.js"), "lib");
  EXPECT_EQ(*archive->Find("file:///home/me/t/lib.js"), "lib");
  EXPECT_EQ(*archive->Find("https://jslib.k6.io/k6-utils/1.4.0/index.js"), "utils");
  EXPECT_EQ(*archive->Find("https://h/x%20y.js?a=b"), "query");
  EXPECT_EQ(archive->Find("https://jslib.k6.io/other.js"), nullptr);
  EXPECT_EQ(archive->Find("file:///home/nobody/t/other.js"), nullptr);
}

TEST(Archive, ComesBackAsItWasWritten) {
  Archive archive{.main_url = "file:///home/ann/t/-",
                  .working_directory = "file:///home/ann/t/",
                  .main_script = "main",
                  .options_json = R"({"duration":"1m0s"})",
                  .env = {{"N", "v\xC3\xA9"}}};
  const std::string deep(300, 'd');
  const std::string binary = std::string("\0\xFF\r\n", 4) + std::string(70'000, 'x');
  archive.Add("file:///home/ann/t/-", "main");
  archive.Add("file:///home/ann/t/caf\xC3\xA9/\xE2\x9C\x93.bin", binary);
  archive.Add("file:///" + deep + "/" + deep + ".js", "");
  archive.Add("https://h:8443/a/%2e%2e/b.js", "climbs");
  archive.Add("http://127.0.0.1:8/x.js", "loop");
  const absl::StatusOr<std::string> tar = WriteArchive(archive);
  ASSERT_TRUE(tar.ok()) << tar.status();
  EXPECT_EQ(*tar, *WriteArchive(archive));
  EXPECT_THAT(*tar, ::testing::Not(HasSubstr("ann")));
  const absl::StatusOr<Archive> read = ReadArchive(*tar);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->main_url, "file:///home/nobody/t/-");
  EXPECT_EQ(read->working_directory, "file:///home/nobody/t/");
  EXPECT_EQ(read->main_script, "main");
  EXPECT_EQ(read->options_json, archive.options_json);
  EXPECT_EQ(read->env, archive.env);
  EXPECT_EQ(read->files, archive.files);
  EXPECT_EQ(*read->Find("file:///home/ann/t/caf\xC3\xA9/\xE2\x9C\x93.bin"), binary);
  EXPECT_EQ(*read->Find("https://h:8443/a/%2e%2e/b.js"), "climbs");
}

TEST(Archive, SaysNothingOfWhoMadeIt) {
  EXPECT_EQ(AnonymousPath("file:///home/ann/t.js"), "file:///home/nobody/t.js");
  EXPECT_EQ(AnonymousPath("/Users/ann/x/home/t.js"), "/Users/nobody/x/home/t.js");
  EXPECT_EQ(AnonymousPath("C:\\Users\\ann\\t.js"), "C/Users/nobody/t.js");
  EXPECT_EQ(AnonymousPath("file:///C:/Users/ann/t.js"), "file:///C/Users/nobody/t.js");
  EXPECT_EQ(AnonymousPath("/srv/home/ann/t.js"), "/srv/home/nobody/t.js");
  EXPECT_EQ(AnonymousPath("/home/t.js"), "/home/t.js");
}

TEST(Archive, RefusesWhatWouldLeaveIt) {
  const struct {
    std::string more;
    const char* error;
  } kRows[] = {
      {Entry("file/../../etc/passwd", "x"),
       R"(the entry "file/../../etc/passwd" climbs out of the archive)"},
      {Entry("file/a\\..\\..\\b", "x"), "climbs out of the archive"},
      {Entry("https/h/..", "x"), R"(the entry "https/h/.." climbs out of the archive)"},
      {Entry("/etc/passwd", "x"), R"(the entry "/etc/passwd" is absolute)"},
      {Entry("../data", "x"), R"(the entry "../data" is none of)"},
      {Entry("scripts/x.js", "x"), R"(the entry "scripts/x.js" is none of)"},
      {Entry("file", "x"), R"(the entry "file" is none of)"},
      {Entry("file/l", "", '2', "/etc/passwd"),
       R"(the entry "file/l" is neither a file nor a folder)"},
      {Entry("file/l", "", '1', "data"), R"(the entry "file/l" is neither a file nor a folder)"},
      {Entry("file/dev", "", '3'), R"(the entry "file/dev" is neither a file nor a folder)"},
      {Entry("file/fifo", "", '6'), R"(the entry "file/fifo" is neither a file nor a folder)"},
      {Entry("file/a", "1") + Entry("file/./a", "2"),
       R"(the entry "file/./a" is in the archive twice)"},
      {Entry("data", "other"), R"(the entry "data" is in the archive twice)"},
      {Entry("file/a\n\x1b[31m", "x") + Entry("file/a\n\x1b[31m", "x"),
       R"(the entry "file/a\n\x1b[31m" is in the archive twice)"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(ErrorOf(Tar(row.more)), HasSubstr(row.error));
  }
}

TEST(Archive, RefusesWhatIsDamaged) {
  EXPECT_EQ(ErrorOf("export default 1"),
            "it is not an archive: a tar file is expected, uncompressed");
  EXPECT_EQ(ErrorOf(""), "it is not an archive: a tar file is expected, uncompressed");
  EXPECT_EQ(ErrorOf(Entry("data", "x") + End()),
            "the archive is damaged: there is no metadata.json in it");
  EXPECT_EQ(ErrorOf(Entry("metadata.json", kMetadataText) + End()),
            "the archive is damaged: there is no data in it");
  const std::string whole = Tar(Entry("file/a", std::string(4000, 'x')));
  EXPECT_THAT(ErrorOf(whole.substr(0, whole.size() - 3000)), HasSubstr("damaged"));
  std::string flipped = whole;
  flipped[1024 + 3] ^= 1;  // in a header, which has a checksum
  EXPECT_THAT(ErrorOf(flipped), HasSubstr("damaged"));
}

TEST(Archive, RefusesMetadataThatMakeNoSense) {
  const std::pair<const char*, const char*> kRows[] = {
      {"[]", "metadata.json is not a JSON object"},
      {"{", "metadata.json is not a JSON object"},
      {R"({"type":1})", R"("type" must be a text)"},
      {R"({"type":"cloud"})", R"(a test of the type "cloud": expected "js")"},
      {R"({"type":"js"})", R"("filename" must be a text)"},
      {R"({"type":"js","filename":"ftp://x"})",
       R"("filename": "ftp://x" is not the URL of a file)"},
      {R"({"type":"js","filename":"file:///../x","pwd":"file:///"})", "is not the URL of a file"},
      {R"({"type":"js","filename":"file:///x","pwd":"file:///","options":[]})",
       R"("options" must be an object)"},
      {R"({"type":"js","filename":"file:///x","pwd":"file:///","env":{"A":1}})",
       R"("env.A" must be a text)"},
  };
  for (const auto& [metadata, error] : kRows) {
    EXPECT_THAT(ErrorOf(Entry("metadata.json", metadata) + Entry("data", "x") + End()),
                HasSubstr(error));
  }
}

TEST(Archive, BoundsTheNumberOfEntries) {
  std::string more;
  for (size_t i = 0; i < kMostArchiveEntries - 1; ++i) {
    more += Entry(absl::StrCat("file/", i), "");
  }
  EXPECT_EQ(ErrorOf(Tar(more)), "the archive has more than 20000 entries");
}

// GNU's sparse files: a small entry that says that it is a large file.
TEST(Archive, RefusesFilesThatAreMostlyHoles) {
  std::string header = Entry("file/hole", std::string(512, 'x'), 'S').substr(0, 512);
  header.replace(257, 8, "ustar  ", 8);
  header.replace(386, 12, "77700000000", 12);  // where its only piece of data begins
  header.replace(398, 12, "00000001000", 12);  // of this length
  header.replace(482, 1, "\0", 1);
  header.replace(483, 12, "77700001000", 12);  // the size that it pretends
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) {
    sum += static_cast<unsigned char>(c);
  }
  header.replace(148, 8, absl::StrFormat("%06o", sum) + std::string("\0 ", 2));
  EXPECT_EQ(ErrorOf(Tar(header + std::string(512, 'x'))),
            R"(the entry "file/hole" is a file with holes)");
}

}  // namespace
}  // namespace lockstep::coordinator
