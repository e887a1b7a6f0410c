#include "coordinator/rpc/doorkeeper.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A TCP connection to the door.
class Visitor {
 public:
  // Comes from 127.0.0.`host`.
  explicit Visitor(int port, uint32_t host = 1)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl((127U << 24) + host);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Visitor() { close(fd_); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  // How many bytes of `text` were taken; -1: the door is closed.
  ssize_t Say(absl::string_view text) { return send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // All that comes until the door closes.
  std::string Hear() {
    std::string heard;
    char piece[256];
    ssize_t n;
    while ((n = recv(fd_, piece, sizeof(piece), 0)) > 0) {
      heard.append(piece, static_cast<size_t>(n));
    }
    return heard;
  }

 private:
  const int fd_;
};

class DoorkeeperTest : public ::testing::Test {
 public:
  ~DoorkeeperTest() override {
    for (const int fd : let_in) {
      close(fd);
    }
  }

 protected:
  void Open(DoorSettings settings) {
    door = std::make_unique<Doorkeeper>(
        loop, settings,
        Doorkeeper::Events{.let_in = [this](int fd, const std::string&) { let_in.push_back(fd); },
                           .refused =
                               [this](absl::string_view kind, const std::string& address,
                                      absl::string_view reason) {
                                 EXPECT_TRUE(absl::StartsWith(address, "127.0.0.")) << address;
                                 refused.push_back(absl::StrCat(kind, ": ", reason));
                               }});
    absl::StatusOr<int> listening = door->Listen("127.0.0.1:0");
    ASSERT_TRUE(listening.ok()) << listening.status();
    port = *listening;
  }
  // Until so many were let in or refused.
  void Run(size_t decided) {
    while (let_in.size() + refused.size() < decided) {
      loop.Turn(/*wait=*/true);
    }
  }

  EpollLoop loop;
  std::unique_ptr<Doorkeeper> door;
  int port = 0;
  std::vector<int> let_in;
  std::vector<std::string> refused;
};

TEST_F(DoorkeeperTest, LetsTlsInWithItsFirstByteUnread) {
  Open({.tls = true});
  Visitor visitor(port);
  visitor.Say("\x16\x03\x01");
  Run(1);
  ASSERT_EQ(let_in.size(), 1u);
  char bytes[4] = "";
  EXPECT_EQ(recv(let_in[0], bytes, sizeof(bytes), 0), 3);
  EXPECT_EQ(bytes[0], 0x16);
}

TEST_F(DoorkeeperTest, TellsHttpThatItSpeaksTlsOnly) {
  Open({.tls = true});
  Visitor visitor(port);
  visitor.Say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  Run(1);
  EXPECT_THAT(refused, ElementsAre("protocol: it does not speak TLS"));
  EXPECT_THAT(visitor.Hear(), HasSubstr("\r\n\r\nThis coordinator speaks TLS only.\n"));
}

TEST_F(DoorkeeperTest, TellsTlsThatItSpeaksPlainText) {
  Open({.tls = false});
  Visitor visitor(port);
  visitor.Say("\x16\x03\x01");
  Run(1);
  EXPECT_THAT(refused, ElementsAre("protocol: it speaks TLS, but this coordinator is --insecure"));
  EXPECT_EQ(visitor.Hear(), std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
}

TEST_F(DoorkeeperTest, RefusesGarbage) {
  Open({.tls = false});
  Visitor visitor(port);
  visitor.Say("\x7f\x00garbage");
  Run(1);
  EXPECT_THAT(refused, ElementsAre("protocol: it does not speak HTTP/2"));
  EXPECT_EQ(visitor.Hear(), "");
}

TEST_F(DoorkeeperTest, DoesNotListenToAStrangerForAsLongAsItTalks) {
  Open({.tls = true});
  Visitor visitor(port);
  ssize_t said = 0;
  std::thread talking([&] {
    const std::string piece(1 << 16, 'x');
    for (ssize_t taken = 0; taken >= 0; taken = visitor.Say(piece)) {
      said += taken;
    }
  });
  Run(1);
  talking.join();
  EXPECT_THAT(refused, ElementsAre("protocol: it does not speak TLS"));
  EXPECT_LT(said, 32 << 20);  // 64 KiB, and what the system keeps on the way
}

TEST_F(DoorkeeperTest, WaitsForTheFirstByteOnlySoLong) {
  Open({.speak_within = absl::Milliseconds(1)});
  Visitor first(port), second(port);
  Run(2);
  EXPECT_THAT(refused, Each("silence: it connected and said nothing"));
  EXPECT_EQ(first.Hear(), "");
}

TEST_F(DoorkeeperTest, SaysWhoHungUp) {
  Open({});
  { Visitor visitor(port); }
  Run(1);
  EXPECT_THAT(refused, ElementsAre("silence: it hung up without a word"));
}

TEST_F(DoorkeeperTest, AThousandSilentConnectionsDoNotKeepAnotherOut) {
  Open({.max_silent = 4});
  std::vector<std::unique_ptr<Visitor>> silent;
  for (int i = 0; i < 1000; ++i) {
    silent.push_back(std::make_unique<Visitor>(port));
    Run(i < 4 ? 0 : static_cast<size_t>(i - 3));  // each beyond the fourth pushes one out
  }
  Visitor agent(port);
  agent.Say("\x16\x03\x01");
  while (let_in.empty()) {
    loop.Turn(/*wait=*/true);
  }
  EXPECT_EQ(refused.size(), 997u);
  EXPECT_THAT(refused, Each("limit: too many connections that say nothing"));
}

TEST_F(DoorkeeperTest, LetsOnlySoManyIn) {
  Open({.max_per_10s = 2});
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 3; ++i) {
    visitors.push_back(std::make_unique<Visitor>(port));
    visitors.back()->Say("\x16");
  }
  Run(3);
  EXPECT_EQ(let_in.size(), 2u);
  EXPECT_THAT(refused, ElementsAre("limit: too many connections in 10 s"));
}

TEST_F(DoorkeeperTest, AFloodFromOneAddressKeepsNoOtherOut) {
  Open({.max_per_10s = 100, .max_per_10s_of_one = 3});
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (int i = 0; i < 10; ++i) {
    visitors.push_back(std::make_unique<Visitor>(port, /*host=*/2));
    visitors.back()->Say("\x16");
  }
  Run(10);
  EXPECT_EQ(let_in.size(), 3u);
  Visitor person(port, /*host=*/3);
  person.Say("\x16");
  Run(11);
  EXPECT_EQ(let_in.size(), 4u);
}

TEST_F(DoorkeeperTest, TheSilentOnesOfTheAddressWithTheMostGoFirst) {
  Open({.max_silent = 4});
  Visitor slow(port, /*host=*/3);  // the one that has been silent longest
  std::vector<std::unique_ptr<Visitor>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<Visitor>(port, /*host=*/2));
    Run(i < 3 ? 0 : static_cast<size_t>(i - 2));
  }
  slow.Say("\x16");
  while (let_in.empty()) {
    loop.Turn(/*wait=*/true);
  }
  EXPECT_EQ(refused.size(), 17u);
}

TEST_F(DoorkeeperTest, TwoOnOnePortIsAnErrorThatNamesIt) {
  Open({});
  Doorkeeper other(loop, {}, {});
  const std::string address = absl::StrCat("127.0.0.1:", port);
  EXPECT_EQ(other.Listen(address).status(),
            absl::UnavailableError(
                absl::StrCat("cannot listen on ", address, ": Address already in use")));
}

TEST_F(DoorkeeperTest, NamesAnAddressThatIsNone) {
  Doorkeeper other(loop, {}, {});
  EXPECT_THAT(std::string(other.Listen("nonsense").status().message()),
              HasSubstr("cannot listen on nonsense: it must be HOST:PORT"));
  EXPECT_THAT(std::string(other.Listen("127.0.0.1:http-nonsense").status().message()),
              HasSubstr("cannot listen on 127.0.0.1:http-nonsense: "));
}

}  // namespace
}  // namespace lockstep::coordinator
