#include "coordinator/journal/database.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 public:
  ~DatabaseTest() override { unlink(path_.c_str()); }

 protected:
  DatabaseTest()
      : path_(absl::StrCat(::testing::TempDir(), "/lockstep_database_", getpid(), "_",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    unlink(path_.c_str());
  }
  const std::string path_;
};

TEST_F(DatabaseTest, ValuesComeBackAsTheyWere) {
  auto database = Database::Open(path_, /*create=*/true);
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE((*database)->Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)").ok());
  const std::vector<SqlValue> values = {int64_t{-7}, 0.5, std::string("te\0xt", 5),
                                        Blob{std::string("\0\xff", 2)}, std::monostate()};
  for (const SqlValue& value : values) {
    ASSERT_TRUE((*database)->Run("INSERT INTO t (v) VALUES (?)", {value}).ok());
  }
  EXPECT_EQ((*database)->last_id(), 5);
  std::vector<SqlValue> back;
  ASSERT_TRUE((*database)
                  ->Query("SELECT v FROM t ORDER BY id", {},
                          [&](const SqlRow& row) { back.push_back(row.Value(0)); })
                  .ok());
  EXPECT_EQ(back, values);
  struct stat file = {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
  auto database = Database::Open(path_, /*create=*/true);
  ASSERT_TRUE((*database)->Execute("CREATE TABLE t (v INTEGER NOT NULL)").ok());
  const absl::Status done = (*database)->Transaction([&]() -> absl::Status {
    EXPECT_TRUE((*database)->Run("INSERT INTO t VALUES (1)").ok());
    return (*database)->Run("INSERT INTO t VALUES (NULL)");
  });
  EXPECT_THAT(std::string(done.message()), HasSubstr("NOT NULL"));
  EXPECT_TRUE(
      (*database)->Transaction([&] { return (*database)->Run("INSERT INTO t VALUES (2)"); }).ok());
  std::vector<int64_t> rows;
  ASSERT_TRUE(
      (*database)
          ->Query("SELECT v FROM t", {}, [&](const SqlRow& row) { rows.push_back(row.Int(0)); })
          .ok());
  EXPECT_THAT(rows, ElementsAre(2));
}

TEST_F(DatabaseTest, ErrorsNameTheFileAndTheFault) {
  EXPECT_TRUE(absl::IsNotFound(Database::Open(path_, /*create=*/false).status()));
  std::ofstream(path_) << std::string(5000, 'x');
  const auto no_database = Database::Open(path_, /*create=*/false);
  ASSERT_TRUE(no_database.ok());
  const absl::Status read = (*no_database)->Run("SELECT count(*) FROM sqlite_schema");
  EXPECT_TRUE(absl::IsInvalidArgument(read));
  EXPECT_EQ(read.message(),
            absl::StrCat("journal ", path_,
                         ": it is neither a journal of lockstep nor any other database"));
}

TEST_F(DatabaseTest, AFullDiskIsToldAsSuch) {
  auto database = Database::Open(path_, /*create=*/true);
  ASSERT_TRUE((*database)->Execute("CREATE TABLE t (v BLOB); PRAGMA max_page_count = 20").ok());
  const absl::Status full =
      (*database)->Run("INSERT INTO t VALUES (?)", {Blob{std::string(1 << 20, 'x')}});
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(std::string(full.message()), HasSubstr("no room left on the disk"));
}

}  // namespace
}  // namespace lockstep::coordinator
