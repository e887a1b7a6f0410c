#include "coordinator/manifest/manifest.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

ManifestSettings Settings() {
  ManifestSettings settings;
  settings.name = "Try a fleet!";
  settings.id = "c0ffee01";
  settings.agents = 10;
  return settings;
}

std::string TextOf(const ManifestSettings& settings, const std::string& archive = "a tar") {
  const absl::StatusOr<Manifest> manifest = MakeManifest(settings, archive);
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  return manifest.ok() ? ManifestText(settings, *manifest) : "";
}

std::string RefusalOf(const ManifestSettings& settings) {
  return std::string(MakeManifest(settings, "a tar").status().message());
}

const Json& Find(const Manifest& manifest, const std::string& kind, const std::string& end) {
  static const Json none;
  for (const Json& object : manifest.objects) {
    if (object["kind"] == kind && std::string(object["metadata"]["name"]).ends_with(end)) {
      return object;
    }
  }
  ADD_FAILURE() << kind << " " << end;
  return none;
}

TEST(Manifest, OfATestWithDefaults) {
  ExpectGolden("manifest/defaults.yaml", TextOf(Settings()));
}

TEST(Manifest, OfATestWithEverything) {
  ManifestSettings settings = Settings();
  settings.space = "load";
  settings.image = "registry.example/lockstep:1.2";
  settings.labels = {{"team", "a"}, {"example.com/cost", "7"}};
  settings.variables_secret = "shop-variables";
  settings.flags = {"--on-agent-loss=redistribute", "--tag", "build=17"};
  settings.results_size = "1Gi";
  settings.ttl = absl::Hours(1);
  settings.queue = "team-a";
  settings.owner_uid = "0b9b0b4e-0000-4000-8000-000000000000";
  settings.sets = {"agents:spec.template.spec.nodeSelector.disk=ssd",
                   "agents:spec.template.spec.containers.0.resources.requests.cpu=\"4\""};
  ExpectGolden("manifest/everything.yaml", TextOf(settings));
}

TEST(Manifest, FlagsThatItSetsItselfAreRefused) {
  ManifestSettings settings = Settings();
  settings.flags = {"--agents", "5", "--tag", "a=b", "--listen=:1", "--result-file=x"};
  EXPECT_EQ(
      RefusalOf(settings),
      "--flags: --agents is what the manifest sets itself: give --agents to `lockstep "
      "manifest`\n"
      "--flags: --listen is what the manifest sets itself: the Service leads to its port\n"
      "--flags: --result-file is what the manifest sets itself: -o result=FILE writes another "
      "one");
}

// The claim with the results stays, whatever is cleared away.
TEST(Manifest, AClaimWithTheTestIsClearedAwayByItsName) {
  ManifestSettings settings = Settings();
  settings.results_size = "1Gi";
  EXPECT_THAT(TextOf(settings), Not(HasSubstr("delete persistentvolumeclaim")));
  const std::string text = TextOf(settings, std::string(2 << 20, 'x'));
  EXPECT_THAT(text, HasSubstr("#   kubectl delete persistentvolumeclaim "
                              "lockstep-try-a-fleet-c0ffee01-test\n"));
}

TEST(Manifest, NamesOfTwoRunsAreDisjoint) {
  std::set<std::string> names;
  for (const char* id : {"a", "b"}) {
    ManifestSettings settings = Settings();
    settings.id = id;
    const std::vector<Json> objects = MakeManifest(settings, "a tar")->objects;
    for (const Json& object : objects) {
      EXPECT_TRUE(
          names.insert(std::string(object["kind"]) + std::string(object["metadata"]["name"]))
              .second)
          << object["metadata"]["name"];
    }
  }
  EXPECT_THAT(names, SizeIs(10));
}

TEST(Manifest, NamesFitWhateverTheTestIsCalled) {
  ManifestSettings settings = Settings();
  settings.id = std::string(20, 'x');
  for (const std::string& name :
       {std::string(300, 'n'), std::string("---"), std::string("Ünï.x_y")}) {
    settings.name = name;
    const std::vector<Json> objects = MakeManifest(settings, "a tar")->objects;
    for (const Json& object : objects) {
      const std::string called = object["metadata"]["name"];
      // A pod of the agents' Job adds "-9999-xxxxx".
      EXPECT_LE(called.size(), object["kind"] == "Job" ? 63u + 10u : 63u) << called;
      EXPECT_TRUE(called.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                  std::string::npos)
          << called;
    }
  }
}

TEST(Manifest, ALargeTestGoesToAClaimAndWaits) {
  const Manifest manifest = *MakeManifest(Settings(), std::string((size_t{3} << 20) + 1, 'x'));
  const Json& claim = Find(manifest, "PersistentVolumeClaim", "-test");
  EXPECT_EQ(claim["spec"]["resources"]["requests"]["storage"], "5Mi");
  EXPECT_EQ(Find(manifest, "Job", "-coordinator")["spec"]["suspend"], true);
  EXPECT_EQ(Find(manifest, "Job", "-agent")["spec"]["suspend"], true);
  ASSERT_THAT(manifest.hints, SizeIs(1));
  EXPECT_THAT(manifest.hints[0], HasSubstr("the test has 3.0 MiB, and a ConfigMap takes 1 MiB"));
  EXPECT_THAT(
      manifest.hints[0],
      HasSubstr("lockstep-try-a-fleet-c0ffee01-coordinator lockstep-try-a-fleet-c0ffee01-agent"));
  EXPECT_THAT(MakeManifest(Settings(), std::string(kMostConfigBytes, 'x'))->hints, IsEmpty());
}

TEST(Manifest, TheCoordinatorsJobOwnsTheRest) {
  ManifestSettings settings = Settings();
  settings.only_coordinator = true;
  const Manifest owner = *MakeManifest(settings, "a tar");
  ASSERT_THAT(owner.objects, SizeIs(1));
  const std::string name = owner.objects[0]["metadata"]["name"];
  EXPECT_FALSE(owner.objects[0]["metadata"].contains("ownerReferences"));
  settings.only_coordinator = false;
  settings.owner_uid = "0b9b0b4e-0000-4000-8000-000000000000";
  settings.results_size = "1Gi";
  const Manifest rest = *MakeManifest(settings, "a tar");
  for (const Json& object : rest.objects) {
    EXPECT_NE(object["metadata"]["name"], name);
    const bool results = object["metadata"]["name"] == "lockstep-try-a-fleet-c0ffee01-results";
    ASSERT_EQ(object["metadata"].contains("ownerReferences"), !results) << object;
    if (!results) {  // which outlive the run
      EXPECT_EQ(object["metadata"]["ownerReferences"][0]["name"], name);
      EXPECT_EQ(object["metadata"]["ownerReferences"][0]["uid"], settings.owner_uid);
    }
  }
  EXPECT_THAT(rest.objects, SizeIs(5));
}

TEST(Manifest, PlainTextNeedsNoCredentials) {
  ManifestSettings settings = Settings();
  settings.insecure = true;
  const std::string text = TextOf(settings);
  EXPECT_THAT(text, ::testing::Not(HasSubstr("credentials")));
  EXPECT_THAT(text, HasSubstr("--insecure"));
}

TEST(Manifest, WhatKubernetesWouldRefuseIsAnErrorThatNamesTheFlag) {
  ManifestSettings settings = Settings();
  settings.id = "Big-Id";
  EXPECT_EQ(RefusalOf(settings),
            "--id: invalid value \"Big-Id\": expected 1 to 20 lower-case letters and digits");
  settings = Settings();
  settings.space = "my_space";
  EXPECT_THAT(RefusalOf(settings), HasSubstr("--namespace: invalid value \"my_space\""));
  settings = Settings();
  settings.labels = {{"team", "a b"}};
  EXPECT_THAT(RefusalOf(settings), HasSubstr("--label: invalid value \"team=a b\""));
  settings = Settings();
  settings.sets = {"workers:spec.x=1"};
  EXPECT_EQ(RefusalOf(settings),
            "--set: invalid value \"workers:spec.x=1\": expected coordinator:PATH=VALUE or "
            "agents:PATH=VALUE");
  settings.sets = {"agents:spec.template.spec.containers.7.image=x"};
  EXPECT_THAT(RefusalOf(settings),
              HasSubstr("\"7\" is not a place in a list of 1: expected 0 to 1"));
  settings = Settings();
  settings.owner_uid = "u";
  settings.only_coordinator = true;
  EXPECT_THAT(RefusalOf(settings), HasSubstr("--only-coordinator, --owner-uid"));
}

TEST(Manifest, AllMistakesAreToldAtOnce) {
  ManifestSettings settings = Settings();
  settings.results_size = "x";
  settings.results_claim = "A claim";
  settings.owner_uid = "zz";
  settings.queue = "team_a";
  settings.sets = {"x"};
  EXPECT_THAT(
      MistakesIn(settings),
      ElementsAre(
          "--set: invalid value \"x\": expected coordinator:PATH=VALUE or agents:PATH=VALUE",
          HasSubstr("--results-claim: invalid value \"A claim\""),
          HasSubstr("--queue: invalid value \"team_a\""),
          "--results-size: invalid value \"x\": expected a size such as 10Gi or 500Mi",
          HasSubstr("--results-claim, --results-size: "),
          HasSubstr("--owner-uid: invalid value \"zz\"")));
  for (const char* size : {"10Gi", "1.5T", "500000000"}) {
    settings = Settings();
    settings.results_size = size;
    EXPECT_THAT(MistakesIn(settings), IsEmpty()) << size;
  }
  settings.results_size = "0Gi";
  EXPECT_THAT(MistakesIn(settings), SizeIs(1));
}

}  // namespace
}  // namespace lockstep::coordinator
