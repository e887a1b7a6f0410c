#include "common/base/writer_thread.h"

#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

constexpr size_t kPipeBytes = size_t{64} << 10;
constexpr absl::Duration kLong = absl::Seconds(60);

class WriterThreadTest : public ::testing::Test {
 public:
  ~WriterThreadTest() override { CloseReader(); }

 protected:
  WriterThreadTest() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  void CloseReader() {
    if (ends_[0] >= 0) {
      close(ends_[0]);
      ends_[0] = -1;
    }
  }
  std::string Read(size_t bytes) {
    std::string text(bytes, '\0');
    for (size_t done = 0; done < bytes;) {
      const ssize_t n = read(ends_[0], text.data() + done, bytes - done);
      EXPECT_GT(n, 0);
      done += n > 0 ? static_cast<size_t>(n) : bytes;
    }
    return text;
  }

  int ends_[2] = {-1, -1};
};

TEST_F(WriterThreadTest, KeepsWhatNobodyReadsAndWritesItInOrderOnceSomebodyDoes) {
  WriterThread writer(ends_[1]);
  close(ends_[1]);  // the thread has its own
  std::string all;
  for (int i = 0; i < 10; ++i) {
    const std::string text(kPipeBytes, static_cast<char>('a' + i));
    EXPECT_TRUE(writer.Write(text));
    all += text;
  }
  EXPECT_GT(writer.Flush(absl::Milliseconds(1)), 0u) << "the pipe takes a tenth";
  std::string read;
  std::thread reader([&] { read = Read(all.size()); });
  EXPECT_EQ(writer.Flush(kLong), 0u);
  reader.join();
  EXPECT_EQ(read, all);
}

TEST_F(WriterThreadTest, RefusesWhatDoesNotFitAndGoesOnWhereThereIsRoomAgain) {
  WriterThread writer(ends_[1], 4 * kPipeBytes);
  close(ends_[1]);
  const std::string text(3 * kPipeBytes, 'x');
  EXPECT_TRUE(writer.Write(text));
  EXPECT_FALSE(writer.Write(text)) << "all or nothing";
  EXPECT_FALSE(writer.Write("s", 4 * kPipeBytes)) << "which others need";
  EXPECT_TRUE(writer.Write("s"));
  EXPECT_EQ(Read(text.size() + 1), text + "s");
  EXPECT_EQ(writer.Flush(kLong), 0u);
  EXPECT_TRUE(writer.Write(text));
}

TEST_F(WriterThreadTest, EndsWithAReaderThatIsGone) {
  WriterThread writer(ends_[1]);
  close(ends_[1]);
  CloseReader();
  EXPECT_TRUE(writer.Write("x"));
  EXPECT_EQ(writer.Flush(kLong), 0u);
  EXPECT_EQ(writer.error(), EPIPE);
  EXPECT_FALSE(writer.Write("y"));
  EXPECT_EQ(WriterThread(-1).error(), EBADF);
}

TEST_F(WriterThreadTest, GivesUpWhatIsLeftWhenItIsGone) {
  {
    WriterThread writer(ends_[1]);
    EXPECT_TRUE(writer.Write(std::string(2 * kPipeBytes, 'x')));
  }
  close(ends_[1]);
}

}  // namespace
}  // namespace lockstep
