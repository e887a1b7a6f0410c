// What needs no broker; tests/integration/mqtt_test.py has a real one.
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/mqtt/client.h"
#include "agent/mqtt/properties.h"
#include "agent/net/multi_loop.h"
#include "tests/agent/net/net_test_support.h"
#include "tests/support/http_server.h"
#include "tests/support/mqtt_broker.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {
namespace {

using lockstep::testing::MqttBroker;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(MqttTopics, AreCheckedAsTheProtocolHasThem) {
  for (const char* topic : {"a", "/", "a/b/ü", "$SYS/x"}) {
    EXPECT_TRUE(CheckMqttTopic(topic).ok()) << topic;
  }
  for (const absl::string_view topic :
       {absl::string_view(""), absl::string_view("a/+"), absl::string_view("#"),
        absl::string_view("a\0b", 3), absl::string_view("\xff")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckMqttTopic(topic))) << topic;
  }
  EXPECT_FALSE(CheckMqttTopic(std::string(65536, 'x')).ok());
  for (const char* filter : {"#", "+", "a/+/b", "a/#", "+/+"}) {
    EXPECT_TRUE(CheckMqttFilter(filter).ok()) << filter;
  }
  for (const char* filter : {"", "a#", "#/a", "a+/b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckMqttFilter(filter))) << filter;
  }
}

TEST(MqttProperties, ComeBackAsTheyWere) {
  MqttProperties properties;
  properties.content_type = "text/plain";
  properties.response_topic = "answers/1";
  properties.correlation_data = std::string("\0\1\2", 3);
  properties.message_expiry = 7;
  properties.payload_is_text = true;
  properties.user = {{"a", "1"}, {"a", "2"}, {"ü", ""}};
  const auto made = MosquittoProperties::Make(properties);
  ASSERT_TRUE(made.ok()) << made.status();
  const MqttProperties read = ReadProperties(made->get());
  EXPECT_EQ(properties.content_type, read.content_type);
  EXPECT_EQ(properties.response_topic, read.response_topic);
  EXPECT_EQ(properties.correlation_data, read.correlation_data);
  EXPECT_EQ(properties.message_expiry, read.message_expiry);
  EXPECT_EQ(properties.payload_is_text, read.payload_is_text);
  EXPECT_THAT(read.user, ElementsAre(Pair("a", "1"), Pair("a", "2"), Pair("ü", "")));
  EXPECT_TRUE(ReadProperties(nullptr).empty());
  properties.correlation_data = std::string(65536, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(MosquittoProperties::Make(properties).status()));
}

TEST(MqttProperties, OfConnectionsAndSubscriptionsAreChecked) {
  MqttConnectProperties connection;
  connection.session_expiry = 7;
  connection.receive_maximum = 1;
  connection.request_problem_information = false;
  connection.user = {{"a", "1"}};
  EXPECT_TRUE(MosquittoProperties::Make(connection).ok());
  EXPECT_EQ(nullptr, MosquittoProperties::Make(MqttConnectProperties{})->get());
  connection.user = {{"a", absl::StrCat("b", std::string(1, '\0'))}};
  EXPECT_TRUE(absl::IsInvalidArgument(MosquittoProperties::Make(connection).status()));
  EXPECT_EQ(nullptr, MosquittoProperties::Make(MqttSubscription{.qos = 2})->get());
  const auto subscription = MosquittoProperties::Make(MqttSubscription{.identifier = 268435455});
  ASSERT_TRUE(subscription.ok());
  EXPECT_THAT(ReadProperties(subscription->get()).subscriptions, ElementsAre(268435455u));
}

class MqttClientTest : public ::testing::Test, protected MqttListener {
 protected:
  // Until the client is closed; why it was.
  std::string Try(MqttSpec spec) {
    absl::StatusOr<std::unique_ptr<MqttClient>> client =
        MqttClient::Start(env_, std::move(spec), *this);
    if (!client.ok()) {
      return std::string(client.status().message());
    }
    EXPECT_FALSE(closed_) << "told from within the call";
    lockstep::testing::TurnUntil(loop_, [this] { return closed_.has_value(); });
    return *std::exchange(closed_, std::nullopt);
  }

  // A client that is connected to the broker.
  std::unique_ptr<MqttClient> Connect(const MqttBroker& broker,
                                      absl::Duration goodbye = absl::Seconds(20),
                                      MqttVersion version = MqttVersion::k311) {
    auto client = *MqttClient::Start(
        env_, {.host = "127.0.0.1", .port = broker.port(), .version = version, .goodbye = goodbye},
        *this);
    lockstep::testing::TurnUntil(loop_, [this] { return connected_; });
    return client;
  }
  std::string UntilClosed() {
    lockstep::testing::TurnUntil(loop_, [this] { return closed_.has_value(); });
    return *std::exchange(closed_, std::nullopt);
  }

  void OnMqttConnected(bool) override { connected_ = true; }
  void OnMqttMessage(MqttMessage) override {}
  void OnMqttPublished(int number, absl::string_view) override { published_.push_back(number); }
  void OnMqttSubscribed(int, std::vector<int>) override { ++subscribed_; }
  void OnMqttUnsubscribed(int) override {}
  void OnMqttClosed(std::string why) override { closed_ = std::move(why); }

  std::unique_ptr<Network> network_ =
      *Network::Make({.hosts = {{"mapped", "127.0.0.1:1"}}, .block_hostnames = {"blocked"}});
  MultiLoop loop_{*network_};
  MqttEnv env_{loop_, *network_};
  std::optional<std::string> closed_;
  bool connected_ = false;
  std::vector<int> published_;
  int subscribed_ = 0;
};

TEST_F(MqttClientTest, SaysWhyThereIsNoConnection) {
  EXPECT_EQ("dial: connection refused", Try({.host = "127.0.0.1", .port = 1}));
  EXPECT_EQ("dial: connection refused", Try({.host = "mapped", .port = 1883}));
  EXPECT_THAT(Try({.host = "blocked"}), HasSubstr("block"));
  EXPECT_THAT(Try({.host = "no.such.host.invalid"}), HasSubstr("no such host"));
  const auto server = *lockstep::testing::HttpServer::Start();
  EXPECT_EQ("the connection ended before the broker had answered",
            Try({.host = "127.0.0.1", .port = server->port()}));  // speaks HTTP
  EXPECT_NE("", Try({.host = "127.0.0.1", .port = server->port(), .secure = true}));
}

TEST_F(MqttClientTest, LeavesOnceAllIsAnswered) {
  for (const int qos : {0, 1, 2}) {
    MqttBroker broker;
    connected_ = false;
    published_.clear();
    subscribed_ = 0;
    const auto client = Connect(broker);
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(client->Publish({.topic = "t", .payload = "x", .qos = qos}).ok());
    }
    EXPECT_TRUE(client->Subscribe({"t"}, {}).ok());
    client->Disconnect();
    EXPECT_TRUE(
        absl::IsFailedPrecondition(client->Publish({.topic = "t", .payload = "x"}).status()));
    EXPECT_EQ("", UntilClosed());
    EXPECT_EQ(100U, published_.size()) << qos;
    EXPECT_EQ(1, subscribed_);
    EXPECT_EQ(100, broker.CountsAtGoodbye().done);
  }
}

TEST_F(MqttClientTest, WaitsForAnAnswerForSoLong) {
  MqttBroker broker({.answers = false});
  const auto client = Connect(broker, absl::Milliseconds(20));
  EXPECT_TRUE(client->Publish({.topic = "t", .payload = "x", .qos = 1}).ok());
  client->Disconnect();
  EXPECT_EQ("", UntilClosed());
  EXPECT_TRUE(published_.empty());
  EXPECT_EQ(1, broker.CountsAtGoodbye().goodbyes);
}

// libmosquitto takes a step for each that is in flight, at each publication and at each answer.
TEST_F(MqttClientTest, AThousandPublicationsAreInFlightAndOthersFollow) {
  for (const auto& [unanswered, arrived] : {std::pair(3000, 1000), std::pair(0, 3000)}) {
    MqttBroker broker({.unanswered = unanswered});
    connected_ = false;
    const auto client =
        Connect(broker, unanswered > 0 ? absl::Milliseconds(20) : absl::Seconds(20));
    for (int i = 0; i < 3000; ++i) {
      EXPECT_TRUE(client->Publish({.topic = "t", .payload = "x", .qos = 1}).ok());
    }
    client->Disconnect();
    EXPECT_EQ("", UntilClosed());
    EXPECT_EQ(arrived, broker.CountsAtGoodbye().publications);
  }
}

TEST_F(MqttClientTest, AConnectionThatIsLostBeforeTheGoodbyeSaysWhy) {
  MqttBroker broker({.drops = true});
  const auto client = Connect(broker);
  EXPECT_TRUE(client->Publish({.topic = "t", .payload = "x", .qos = 1}).ok());
  client->Disconnect();
  EXPECT_EQ("the connection was lost", UntilClosed());
}

// Packet ids have 16 bits, and are others' again before the listener has heard of the first.
TEST_F(MqttClientTest, NoNumberIsThatOfTwoRequests) {
  MqttBroker broker;
  const auto client = Connect(broker);
  std::set<int> numbers;
  for (int i = 0; i < 70'000; ++i) {
    const absl::StatusOr<int> number = client->Publish({.topic = "t", .payload = "x"});
    ASSERT_TRUE(number.ok()) << number.status();
    numbers.insert(*number);
  }
  EXPECT_EQ(70'000U, numbers.size());
  lockstep::testing::TurnUntil(loop_, [&] { return published_.size() == 70'000U; });
  EXPECT_EQ(numbers, std::set<int>(published_.begin(), published_.end()));
}

TEST_F(MqttClientTest, APacketIdIsThatOfOneRequestAtATime) {
  MqttBroker broker({.reads = false});
  const auto client = Connect(broker);
  const MqttMessage message{.topic = "t", .payload = std::string(200, 'x')};
  absl::Status refused;
  for (int i = 0; i < 1'000'000 && refused.ok(); ++i) {
    refused = client->Publish(message).status();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(refused.message(), HasSubstr("none of MQTT's 65535 packet ids is free"));
  EXPECT_TRUE(absl::IsResourceExhausted(client->Subscribe({"t"}, {}).status()));
}

TEST_F(MqttClientTest, WhatABrokerNeverAnswersHoldsUpNothingElse) {
  MqttBroker broker({.unanswered = 2});
  const auto client = Connect(broker);
  const MqttMessage message{.topic = "t", .payload = "x", .qos = 1};
  std::set<int> numbers;
  for (size_t i = 0; i < 66'000; ++i) {  // more than there are ids
    const absl::StatusOr<int> number = client->Publish(message);
    ASSERT_TRUE(number.ok()) << i << ": " << number.status();
    numbers.insert(*number);
    if (i % 1'000 == 999) {
      lockstep::testing::TurnUntil(loop_, [&] { return published_.size() == i - 1; });
    }
  }
  EXPECT_EQ(66'000U, numbers.size());
  EXPECT_EQ(65'998U, published_.size());
}

// What is too large is refused, and nothing else suffers.
TEST_F(MqttClientTest, APacketIsNoLargerThanTheBrokerTakes) {
  MqttBroker broker({.most_bytes = 64});
  const auto client = Connect(broker, absl::Seconds(20), MqttVersion::k5);
  for (const int qos : {0, 1}) {
    EXPECT_EQ(client->Publish({.topic = "t", .payload = std::string(64, 'x'), .qos = qos}).status(),
              absl::InvalidArgumentError("the message is larger than the broker takes"));
    EXPECT_TRUE(client->Publish({.topic = "t", .payload = std::string(50, 'x'), .qos = qos}).ok());
  }
  client->Disconnect();
  EXPECT_EQ("", UntilClosed());
  EXPECT_EQ(2U, published_.size());
}

TEST_F(MqttClientTest, ABrokerThatLimitsPacketsAndDoesNotAnswerIsNamedOnceItsIdsAreTaken) {
  MqttBroker broker({.unanswered = 1, .most_bytes = 64});
  const auto client = Connect(broker, absl::Seconds(20), MqttVersion::k5);
  const MqttMessage message{.topic = "t", .payload = "x", .qos = 1};
  absl::Status refused;
  for (size_t i = 0; i < 66'000 && refused.ok(); ++i) {
    refused = client->Publish(message).status();
    if (i % 1'000 == 999) {
      lockstep::testing::TurnUntil(loop_, [&] { return published_.size() == i; });
    }
  }
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(
      refused.message(),
      HasSubstr("while the broker limits the size of packets: only another connection helps"));
}

// As over HTTP: its own time, then its host, then its authority.
TEST_F(MqttClientTest, OfSeveralFaultsOfACertificateThatOfGoIsNamed) {
  struct Case {
    bool trusted, expired;
    const char* name;
    const char* why;
  };
  const char* const old = "x509: certificate has expired or is not yet valid";
  const char* const elsewhere = "x509: certificate is not valid for localhost";
  const char* const unknown = "x509: certificate signed by unknown authority";
  const TestCertificate stranger("stranger");
  for (const Case& it :
       {Case{true, false, "other.test", elsewhere}, Case{false, false, "localhost", unknown},
        Case{false, false, "other.test", elsewhere}, Case{true, true, "other.test", old},
        Case{false, true, "localhost", old}, Case{false, true, "other.test", old}}) {
    SCOPED_TRACE(absl::StrCat(it.trusted, it.expired, it.name));
    const TestCertificate certificate(it.name, /*alternatives=*/true, it.expired);
    const auto broker = lockstep::testing::HttpServer::Start(
        {.certificate_file = certificate.certificate_file(),
         .key_file = certificate.key_file()});  // nobody gets past its handshake
    ASSERT_TRUE(broker.ok()) << broker.status();
    EXPECT_THAT(Try({.host = "localhost",
                     .port = (*broker)->port(),
                     .secure = true,
                     .ca = it.trusted ? certificate.certificate() : stranger.certificate()}),
                HasSubstr(it.why));
  }
}

TEST_F(MqttClientTest, NamesWhatCannotBeUsed) {
  EXPECT_EQ("clientId: it must be UTF-8", Try({.host = "h", .client_id = "\xff"}));
  EXPECT_THAT(Try({.host = "h", .will = MqttMessage{.topic = "a/#", .payload = ""}}),
              HasSubstr("invalid topic \"a/#\""));
  EXPECT_EQ("ca: there is no PEM certificate in it",
            Try({.host = "h", .secure = true, .ca = "no PEM"}));
  EXPECT_THAT(Try({.host = "h", .secure = true, .cert = "x", .key = "y"}),
              HasSubstr("cert: there is no PEM certificate in it"));
}

}  // namespace
}  // namespace lockstep::agent
