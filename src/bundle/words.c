/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BYTES 256
#define LINE_WORDS 4

/* tests/unit/test_words.c holds both against the published list */
static const char *const even[] = {
	"aardvark", "absurd", "accrue", "acme", "adrift", "adult", "afflict", "ahead", "aimless", "Algol", "allow",
	"alone", "ammo", "ancient", "apple", "artist", "assume", "Athens", "atlas", "Aztec", "baboon", "backfield",
	"backward", "banjo", "beaming", "bedlamp", "beehive", "beeswax", "befriend", "Belfast", "berserk",
	"billiard", "bison", "blackjack", "blockade", "blowtorch", "bluebird", "bombast", "bookshelf", "brackish",
	"breadline", "breakup", "brickyard", "briefcase", "Burbank", "button", "buzzard", "cement", "chairlift",
	"chatter", "checkup", "chisel", "choking", "chopper", "Christmas", "clamshell", "classic", "classroom",
	"cleanup", "clockwork", "cobra", "commence", "concert", "cowbell", "crackdown", "cranky", "crowfoot",
	"crucial", "crumpled", "crusade", "cubic", "dashboard", "deadbolt", "deckhand", "dogsled", "dragnet",
	"drainage", "dreadful", "drifter", "dropper", "drumbeat", "drunken", "Dupont", "dwelling", "eating", "edict",
	"egghead", "eightball", "endorse", "endow", "enlist", "erase", "escape", "exceed", "eyeglass", "eyetooth",
	"facial", "fallout", "flagpole", "flatfoot", "flytrap", "fracture", "framework", "freedom", "frighten",
	"gazelle", "Geiger", "glitter", "glucose", "goggles", "goldfish", "gremlin", "guidance", "hamlet",
	"highchair", "hockey", "indoors", "indulge", "inverse", "involve", "island", "jawbone", "keyboard",
	"kickoff", "kiwi", "klaxon", "locale", "lockup", "merit", "minnow", "miser", "Mohawk", "mural", "music",
	"necklace", "Neptune", "newborn", "nightbird", "Oakland", "obtuse", "offload", "optic", "orca", "payday",
	"peachy", "pheasant", "physique", "playhouse", "Pluto", "preclude", "prefer", "preshrunk", "printer",
	"prowler", "pupil", "puppy", "python", "quadrant", "quiver", "quota", "ragtime", "ratchet", "rebirth",
	"reform", "regain", "reindeer", "rematch", "repay", "retouch", "revenge", "reward", "rhythm", "ribcage",
	"ringbolt", "robust", "rocker", "ruffled", "sailboat", "sawdust", "scallion", "scenic", "scorecard",
	"Scotland", "seabird", "select", "sentence", "shadow", "shamrock", "showgirl", "skullcap", "skydive",
	"slingshot", "slowdown", "snapline", "snapshot", "snowcap", "snowslide", "solo", "southward", "soybean",
	"spaniel", "spearhead", "spellbind", "spheroid", "spigot", "spindle", "spyglass", "stagehand", "stagnate",
	"stairway", "standard", "stapler", "steamship", "sterling", "stockman", "stopwatch", "stormy", "sugar",
	"surmount", "suspense", "sweatband", "swelter", "tactics", "talon", "tapeworm", "tempest", "tiger", "tissue",
	"tonic", "topmost", "tracker", "transit", "trauma", "treadmill", "Trojan", "trouble", "tumor", "tunnel",
	"tycoon", "uncut", "unearth", "unwind", "uproot", "upset", "upshot", "vapor", "village", "virus", "Vulcan",
	"waffle", "wallet", "watchword", "wayside", "willow", "woodlark", "Zulu",
};
_Static_assert(sizeof(even) / sizeof(even[0]) == BYTES, "a word for each byte");

static const char *const odd[] = {
	"adroitness", "adviser", "aftermath", "aggregate", "alkali", "almighty", "amulet", "amusement", "antenna",
	"applicant", "Apollo", "armistice", "article", "asteroid", "Atlantic", "atmosphere", "autopsy", "Babylon",
	"backwater", "barbecue", "belowground", "bifocals", "bodyguard", "bookseller", "borderline", "bottomless",
	"Bradbury", "bravado", "Brazilian", "breakaway", "Burlington", "businessman", "butterfat", "Camelot",
	"candidate", "cannonball", "Capricorn", "caravan", "caretaker", "celebrate", "cellulose", "certify",
	"chambermaid", "Cherokee", "Chicago", "clergyman", "coherence", "combustion", "commando", "company",
	"component", "concurrent", "confidence", "conformist", "congregate", "consensus", "consulting", "corporate",
	"corrosion", "councilman", "crossover", "crucifix", "cumbersome", "customer", "Dakota", "decadence",
	"December", "decimal", "designing", "detector", "detergent", "determine", "dictator", "dinosaur",
	"direction", "disable", "disbelief", "disruptive", "distortion", "document", "embezzle", "enchanting",
	"enrollment", "enterprise", "equation", "equipment", "escapade", "Eskimo", "everyday", "examine",
	"existence", "exodus", "fascinate", "filament", "finicky", "forever", "fortitude", "frequency", "gadgetry",
	"Galveston", "getaway", "glossary", "gossamer", "graduate", "gravity", "guitarist", "hamburger", "Hamilton",
	"handiwork", "hazardous", "headwaters", "hemisphere", "hesitate", "hideaway", "holiness", "hurricane",
	"hydraulic", "impartial", "impetus", "inception", "indigo", "inertia", "infancy", "inferno", "informant",
	"insincere", "insurgent", "integrate", "intention", "inventive", "Istanbul", "Jamaica", "Jupiter", "leprosy",
	"letterhead", "liberty", "maritime", "matchmaker", "maverick", "Medusa", "megaton", "microscope",
	"microwave", "midsummer", "millionaire", "miracle", "misnomer", "molasses", "molecule", "Montana",
	"monument", "mosquito", "narrative", "nebula", "newsletter", "Norwegian", "October", "Ohio", "onlooker",
	"opulent", "Orlando", "outfielder", "Pacific", "pandemic", "Pandora", "paperweight", "paragon", "paragraph",
	"paramount", "passenger", "pedigree", "Pegasus", "penetrate", "perceptive", "performance", "pharmacy",
	"phonetic", "photograph", "pioneer", "pocketful", "politeness", "positive", "potato", "processor",
	"provincial", "proximate", "puberty", "publisher", "pyramid", "quantity", "racketeer", "rebellion", "recipe",
	"recover", "repellent", "replica", "reproduce", "resistor", "responsive", "retraction", "retrieval",
	"retrospect", "revenue", "revival", "revolver", "sandalwood", "sardonic", "Saturday", "savagery",
	"scavenger", "sensation", "sociable", "souvenir", "specialist", "speculate", "stethoscope", "stupendous",
	"supportive", "surrender", "suspicious", "sympathy", "tambourine", "telephone", "therapist", "tobacco",
	"tolerance", "tomorrow", "torpedo", "tradition", "travesty", "trombonist", "truncated", "typewriter",
	"ultimate", "undaunted", "underfoot", "unicorn", "unify", "universe", "unravel", "upcoming", "vacancy",
	"vagabond", "vertigo", "Virginia", "visitor", "vocalist", "voyager", "warranty", "Waterloo", "whimsical",
	"Wichita", "Wilmington", "Wyoming", "yesteryear", "Yucatan",
};
_Static_assert(sizeof(odd) / sizeof(odd[0]) == BYTES, "a word for each byte");

const char *words_of(unsigned char byte, size_t place)
{
	return place % 2 == 0 ? even[byte] : odd[byte];
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int words_digest(const char *hex, unsigned char out[WORDS_COUNT], struct kh_error *err)
{
	if (strlen(hex) != 2 * (size_t)WORDS_COUNT)
		return kh_fail(err, KH_E_INPUT, 0, "'%.70s' is no SHA-256 in hex", hex);
	for (size_t i = 0; i < WORDS_COUNT; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return kh_fail(err, KH_E_INPUT, 0, "'%.70s' is no SHA-256 in hex", hex);
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

int words_text(const char *hex, char out[WORDS_TEXT], struct kh_error *err)
{
	unsigned char digest[WORDS_COUNT];
	size_t len = 0;

	if (words_digest(hex, digest, err))
		return -1;
	for (size_t i = 0; i < WORDS_COUNT; i++)
		len += (size_t)snprintf(out + len, WORDS_TEXT - len, "%s%s", i ? " " : "", words_of(digest[i], i));
	return 0;
}

int words_show(struct cmd *c, size_t indent, const char *hex, struct kh_error *err)
{
	unsigned char digest[WORDS_COUNT];

	if (words_digest(hex, digest, err) || cmd_printf(c, err, "%*s%s\n", (int)indent, "", hex))
		return -1;
	for (size_t i = 0; i < WORDS_COUNT; i += LINE_WORDS)
		if (cmd_printf(c, err, "%*s%2zu  %-9s  %-11s  %-9s  %s\n", (int)indent, "", i + 1, words_of(digest[i], i),
			       words_of(digest[i + 1], i + 1), words_of(digest[i + 2], i + 2),
			       words_of(digest[i + 3], i + 3)))
			return -1;
	return 0;
}

bool words_same(const char *typed, unsigned char byte, size_t place)
{
	const char *word = words_of(byte, place);
	size_t len = strlen(word);

	typed += strspn(typed, " \t");
	return strncasecmp(typed, word, len) == 0 && typed[len + strspn(typed + len, " \t\r\n")] == '\0';
}
