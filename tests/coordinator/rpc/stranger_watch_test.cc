#include "coordinator/rpc/stranger_watch.h"

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;

// Both ends of a TCP connection; what comes to this one's is read at once.
class Connection {
 public:
  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    theirs_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(theirs_, reinterpret_cast<sockaddr*>(&address), size), 0);
    ours_ = accept(listener, nullptr, nullptr);
    close(listener);
  }
  ~Connection() {
    close(ours_);
    close(theirs_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int ours() const { return ours_; }
  // False: it is cut off.
  bool Send(size_t bytes) {
    const std::string piece(bytes, 'x');
    if (send(theirs_, piece.data(), bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes)) {
      return false;
    }
    std::string read(bytes, '\0');
    return recv(ours_, read.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
  }

 private:
  int ours_ = -1;
  int theirs_ = -1;
};

class StrangerWatchTest : public ::testing::Test {
 protected:
  // Until it is cut off, or has sent so many bytes. Whether it was cut off.
  bool Flood(Connection& connection, size_t most) {
    for (size_t sent = 0; sent < most; sent += 64 << 10) {
      if (!connection.Send(64 << 10)) {
        return true;
      }
      loop.Turn(/*wait=*/false);
    }
    return false;
  }

  EpollLoop loop;
  std::vector<std::string> cut;
  StrangerWatch watch{loop, [this](const std::string& address) { cut.push_back(address); }};
};

TEST_F(StrangerWatchTest, WhoeverFloodsIsCutOff) {
  Connection connection;
  watch.Add(connection.ours(), "10.0.0.7:1");
  EXPECT_TRUE(Flood(connection, size_t{64} << 30));
  while (cut.empty()) {
    loop.Turn(/*wait=*/true);
  }
  EXPECT_THAT(cut, ElementsAre("10.0.0.7:1"));
}

TEST_F(StrangerWatchTest, WhoeverIsKnownMaySendAsMuchAsItLikes) {
  Connection member;
  Connection stranger;
  watch.Add(member.ours(), "10.0.0.7:1");
  watch.Add(stranger.ours(), "10.0.0.7:2");
  watch.Forget("10.0.0.7:1");
  EXPECT_FALSE(Flood(member, 4 * StrangerWatch::kMostBytes));
  EXPECT_TRUE(Flood(stranger, size_t{64} << 30));  // so it was looked at in the meantime
  EXPECT_THAT(cut, ElementsAre("10.0.0.7:2"));
}

TEST_F(StrangerWatchTest, AConnectionThatHasEndedIsForgotten) {
  Connection stays;
  {
    Connection ends;
    watch.Add(ends.ours(), "10.0.0.7:1");
  }
  watch.Add(stays.ours(), "10.0.0.7:2");
  EXPECT_TRUE(Flood(stays, size_t{64} << 30));
  EXPECT_THAT(cut, ElementsAre("10.0.0.7:2"));
}

}  // namespace
}  // namespace lockstep::coordinator
