#include "coordinator/journal/journal_writer.h"

#include <future>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/epoll_loop.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;

// A disk that stands still until it is told to go on.
TEST(JournalWriter, HoldsUpNobodyAndKeepsTheOrder) {
  EpollLoop loop;
  JournalWriter writer(loop);
  std::promise<void> goes_on;
  std::vector<int> written;  // the writer's, until it has finished
  std::vector<int> told;     // the loop's
  for (int i = 1; i <= 3; ++i) {
    writer.Do(
        [&, i] {
          if (i == 1) {
            goes_on.get_future().wait();
          }
          written.push_back(i);
          return i == 2 ? absl::UnavailableError("no") : absl::OkStatus();
        },
        [&, i](const absl::Status& status) {
          EXPECT_EQ(status.ok(), i != 2);
          told.push_back(i);
          if (i == 3) {
            loop.Stop();
          }
        });
  }
  loop.Post([&] {
    EXPECT_THAT(told, ElementsAre());  // the loop goes on meanwhile
    goes_on.set_value();
  });
  loop.Run();
  EXPECT_THAT(told, ElementsAre(1, 2, 3));
  writer.Finish();
  EXPECT_THAT(written, ElementsAre(1, 2, 3));
}

TEST(JournalWriter, AllIsWrittenBeforeItEnds) {
  EpollLoop loop;
  int written = 0;
  {
    JournalWriter writer(loop);
    for (int i = 0; i < 100; ++i) {
      writer.Do(
          [&] {
            ++written;
            return absl::OkStatus();
          },
          [](const absl::Status&) {});
    }
  }
  EXPECT_EQ(written, 100);
}

}  // namespace
}  // namespace lockstep::coordinator
