/* sstable_format.h: what the SSTable writer and reader agree on (docs/formats.md, "SSTable"). */
#pragma once

enum { SSTABLE_FORMAT = 1, SSTABLE_DATA = 0x01, SSTABLE_META = 0x02 };
#define SSTABLE_BLOOM "bloom"
#define SSTABLE_STATS "stats"
