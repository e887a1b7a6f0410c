#include "coordinator/sources/remote_modules.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "common/base/content_hash.h"
#include "common/base/epoll_loop.h"
#include "common/base/sync.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/http_server.h"
#include "tests/support/temp_folder.h"
#include "tests/support/turn_until.h"

namespace lockstep::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string HashOf(absl::string_view text) {
  return absl::BytesToHexString(Sha256(text));
}

TEST(CheckModuleUrl, TakesHttpsAndThisMachine) {
  for (const char* url : {"https://h/x.js", "http://127.0.0.1:1/x.js", "http://localhost/x"}) {
    EXPECT_TRUE(CheckModuleUrl(url).ok()) << url;
  }
  EXPECT_EQ(CheckModuleUrl("http://example.com/x.js").message(),
            "modules come over https; http is for servers on this machine only");
  EXPECT_EQ(CheckModuleUrl("ftp://h/x.js").message(),
            "only supported schemes for imports are file and https");
}

TEST(FreshFor, IsWhatTheServerAllows) {
  EXPECT_EQ(FreshFor(""), absl::ZeroDuration());
  EXPECT_EQ(FreshFor("public, Max-Age=60"), absl::Minutes(1));
  EXPECT_EQ(FreshFor("max-age=60, no-cache"), absl::ZeroDuration());
  EXPECT_LT(FreshFor("max-age=60, no-store"), absl::ZeroDuration());
  EXPECT_EQ(FreshFor("max-age=9223372036854775807, immutable"), absl::Hours(24 * 365));
  EXPECT_EQ(FreshFor("max-age=-5"), absl::ZeroDuration());
  EXPECT_EQ(FreshFor("max-age=x"), absl::ZeroDuration());
}

TEST(LockFile, SaysWhichLineIsWrong) {
  const std::string good = absl::StrCat("# head\n\n https://h/x.js  sha256:", HashOf("x"), "\r\n");
  const absl::StatusOr<LockFile> lock = LockFile::Parse(good);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(*lock->Find("https://h/x.js"), HashOf("x"));
  EXPECT_EQ(lock->Find("https://h/y.js"), nullptr);
  EXPECT_EQ(LockFile::Parse(lock->ToText())->ToText(), lock->ToText());
  for (const char* line : {"https://h/x.js", "https://h/x.js sha256:12", "a b c", "u md5:1"}) {
    EXPECT_EQ(
        LockFile::Parse(absl::StrCat("\n", line)).status().message(),
        absl::StrCat("line 2: \"", line, "\": expected URL sha256:HEX, with 64 digits of 0-9a-f"));
  }
  EXPECT_THAT(
      LockFile::Parse(absl::StrCat(good, "https://h/x.js sha256:", HashOf("y"))).status().message(),
      HasSubstr("line 4: https://h/x.js stands there twice, with two hashes"));
}

class Modules : public ::testing::Test {
 public:
  ~Modules() override { fs::current_path(before_); }

 protected:
  Modules() : before_(fs::current_path()) { fs::current_path(folder_); }

  absl::StatusOr<std::string> Fetch(const std::string& url, ModuleSettings settings = {},
                                    std::optional<LockFile> lock = std::nullopt) {
    RemoteModules modules(loop_, std::move(settings), std::move(lock), {}, log_);
    std::optional<absl::StatusOr<std::string>> content;
    modules.Fetch(url, [&](absl::StatusOr<std::string> c) { content = std::move(c); });
    lockstep::testing::TurnUntil(loop_, [&] { return content.has_value(); });
    EXPECT_TRUE(modules.Close().ok());
    return *std::move(content);
  }
  ModuleSettings Cached() const { return {.cache_folder = folder_ + "/cache"}; }
  std::string Url(absl::string_view path) const { return server_->Url(path); }

  const fs::path before_;
  const lockstep::testing::TempFolder files_;
  const std::string& folder_ = files_.path();
  std::unique_ptr<lockstep::testing::HttpServer> server_ = *lockstep::testing::HttpServer::Start();
  EpollLoop loop_;
  lockstep::testing::CollectingLogger log_{LogLevel::kInfo};
};

TEST_F(Modules, WarnsOfModulesWithoutTls) {
  EXPECT_EQ(*Fetch(Url("/?token=1")), "hello\n");
  EXPECT_THAT(log_.messages, ElementsAre(absl::StrCat(Url("/"),
                                                      " is imported without TLS, which only works "
                                                      "with servers on this machine; use https")));
}

TEST_F(Modules, SaysWhyThereIsNone) {
  EXPECT_EQ(Fetch(Url("/status/404")).status().message(), "the server answers 404 (not found)");
  EXPECT_EQ(Fetch(Url("/status/503")).status().message(), "the server answers 503");
  EXPECT_EQ(Fetch(Url(absl::StrCat("/redirect-to?", Url("/status/403")))).status().message(),
            absl::StrCat("the server answers 403 at ", Url("/status/403")));
  EXPECT_EQ(Fetch("http://example.com/x.js").status().message(),
            "modules come over https; http is for servers on this machine only");
  EXPECT_THAT(Fetch(Url("/redirect-to?http://example.com/x.js")).status().message(),
              HasSubstr("redirected to http://example.com/x.js: modules come over https"));
  EXPECT_EQ(
      Fetch(Url(absl::StrCat("/bytes/", RemoteModules::kMostModuleBytes + 1))).status().message(),
      "it has more than 33554432 bytes");
}

TEST_F(Modules, WhatIsFreshIsNotAskedForAgain) {
  const std::string url = Url("/header?Cache-Control=max-age=1000");
  EXPECT_TRUE(Fetch(url, Cached()).ok());
  EXPECT_TRUE(Fetch(url, Cached()).ok());
  EXPECT_EQ(server_->requests(), 1);
  EXPECT_TRUE(Fetch(url).ok());
  EXPECT_EQ(server_->requests(), 2);
  EXPECT_FALSE(fs::exists(folder_ + "/lockstep.lock"));
}

TEST_F(Modules, WhatMustNotBeKeptIsNot) {
  EXPECT_TRUE(Fetch(Url("/header?Cache-Control=no-store"), Cached()).ok());
  EXPECT_FALSE(fs::exists(folder_ + "/cache"));
}

TEST_F(Modules, ADamagedCopyIsNotUsed) {
  const std::string url = Url("/header?Cache-Control=max-age=1000");
  const std::string content = *Fetch(url, Cached());
  for (const auto& entry : fs::directory_iterator(folder_ + "/cache")) {
    std::ofstream(entry.path(), std::ios::app) << "more";
  }
  EXPECT_EQ(*Fetch(url, Cached()), content);
  EXPECT_EQ(server_->requests(), 2);
}

TEST_F(Modules, AServerThatIsAwayHoldsUpNobodyWhoHasBeenThere) {
  const std::string url = Url("/");
  EXPECT_EQ(*Fetch(url, Cached()), "hello\n");
  server_.reset();
  EXPECT_EQ(*Fetch(url, Cached()), "hello\n");
  EXPECT_THAT(log_.messages.back(), HasSubstr(" UTC is used"));
  EXPECT_TRUE(absl::IsUnavailable(Fetch(url).status()));
}

TEST_F(Modules, AFolderThatCannotBeWrittenIsAWarning) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_TRUE(Fetch(Url("/"), {.cache_folder = folder_ + "/file/cache"}).ok());
  EXPECT_THAT(log_.messages.back(), HasSubstr("; --module-cache names another folder, or none"));
}

TEST_F(Modules, TheLockFileIsWrittenOnRequest) {
  std::ofstream("lockstep.lock") << "https://other/x.js sha256:" << HashOf("o") << "\n";
  const std::string url = Url("/");
  EXPECT_TRUE(Fetch(url, {.update_lock = true}, *ReadLockFile("")).ok());
  const std::optional<LockFile> lock = *ReadLockFile("LOCKSTEP_LOCKED");
  EXPECT_EQ(*lock->Find(url), HashOf("hello\n"));
  EXPECT_EQ(*lock->Find("https://other/x.js"), HashOf("o"));
}

TEST_F(Modules, WhatTheLockFileKnowsComesFromTheDisk) {
  const std::string url = Url("/");
  EXPECT_TRUE(Fetch(url, Cached()).ok());
  LockFile lock;
  lock.Set(url, HashOf("hello\n"));
  EXPECT_EQ(*Fetch(url, Cached(), lock), "hello\n");
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(Modules, WhatDiffersFromTheLockFileIsToldOrRefused) {
  const std::string url = Url("/");
  LockFile lock;
  lock.Set(url, HashOf("before"));
  EXPECT_EQ(*Fetch(url, {}, lock), "hello\n");
  const std::string change =
      absl::StrCat("it has changed: lockstep.lock says sha256:", HashOf("before"),
                   ", and now it is sha256:", HashOf("hello\n"));
  EXPECT_EQ(log_.messages.back(),
            absl::StrCat(url, ": ", change, "; --locked refuses this, --update-lock accepts it"));
  EXPECT_EQ(Fetch(url, {.locked = true}, lock).status(), absl::FailedPreconditionError(change));
  EXPECT_EQ(Fetch(url, {.locked = true}, LockFile()).status(),
            absl::FailedPreconditionError("it is not in lockstep.lock; --update-lock adds it"));
}

TEST_F(Modules, ALockFileThatIsWantedHasToBeThere) {
  EXPECT_FALSE(ReadLockFile("")->has_value());
  EXPECT_EQ(
      ReadLockFile("LOCKSTEP_LOCKED").status().message(),
      "LOCKSTEP_LOCKED: there is no lockstep.lock in the working directory; --update-lock writes "
      "one");
  std::ofstream("lockstep.lock") << "nonsense\n";
  EXPECT_THAT(ReadLockFile("").status().message(),
              HasSubstr("lockstep.lock: line 1: \"nonsense\": expected URL sha256:HEX"));
}

}  // namespace
}  // namespace lockstep::coordinator
