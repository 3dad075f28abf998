"""How people often misspell common English words: doubled and dropped letters, vowels by ear, letters changed round."""

from __future__ import annotations

_TABLE = """
accident accidant acident; accompanied acompanied; across accross; address adress addres; adult adullt; advertisement advertisment;
aeroplane aeroplain; afternoon afternon; against agaisnt againts; airplane airplain airplan; airport airprot; along allong;
alongside alongide; already allready alredy; among amoung; amongst amoungst; amount ammount; animal animel anamal;
animals anamals animels; another anouther anothor; antique antiqe; apartment appartment apartement; apparent apparant;
appears apears appeers; apple aple; appliances applicances apliances; approaching aproaching approching; architecture archetecture;
area aera; argument arguement; around arround aroud; arranged aranged; arrived arived; assortment assortement asortment; athlete athelete;
athletes atheletes; attached atached attatched; attempting attemping atempting; attempts attemps atempts; audience audiance;
awkward akward; backpack backpak bagpack; badminton badmington; bakery bakary; balance ballance; balcony balconey; balloon baloon ballon;
balloons baloons ballons; banana bannana bananna; bananas bannanas banannas; barbecue barbacue; baseball basball baseboll;
basketball basketbal; bathroom bathrom bathrooom; beautiful beatiful beautifull beutiful; because becuase becouse; bedroom bedrom;
before befor; beginning begining; behind behing; believe beleive belive; beneath beneth; beside besid; between betwen bewteen;
bicycle bycicle bicicle; bicycles bycicles bicicles; birthday birtday brithday; blanket blankit; bleachers bleechers; blender blendar;
blossoms blosoms; bottle bottel botle; bottles bottels botles; bouquet boquet bouqet; bracelet bracelette; breakfast brekfast breakfeast;
bridge brigde; broccoli brocolli brocoli; brother broter; building buidling bulding; buildings buidlings buldings;
business buisness bussiness; busy buisy; butcher bucher; cabinet cabnet; cabinets cabnets; cafeteria cafetaria; calendar calander;
camera camara; captain captian; careful carefull; carefully carefuly; carriage carrage carraige; carrots carrotts; carrying carying;
castle castel; cathedral cathederal; ceiling cieling ceilling; celebrate celabrate; celebrating celabrating; cemetery cemetary;
century centery; certain certian; challenge challange; cheerleader cheerleeder; cheese chese; chicken chiken; children childern childrens;
chimney chimny; chocolate choclate chocolat; choosing chosing; church chruch; cigarette cigarrette cigarete; circle cirle;
classroom clasroom; climbing climing clibing; clothes clothers; clothing cloathing clotheing; colleague collegue; collection colection;
colorful colourfull; coming comming; commercial comercial; committee commitee comittee; competition competion compitition;
completely completly; computer computor compter; concert consert; concrete concreet; container contianer; containers contianers;
conversation converstation; cooking coooking; corner conner cornor; costume custome; costumes custumes costums; counter countre;
couple cuople; course cource; covered coverd coverred; crossing crosing; crowd croud; crowded crouded; cupboard cubboard; curious curiuos;
curtain curtian curtin; curtains curtians curtins; customer custommer; customers custommers; cyclist ciclist; cyclists ciclists;
dancing danceing; daughter daugther; decorated decorted decoratted; decoration decoraton; decorations decoratons; definitely definately;
delicious delicous delishous; describe discribe; desk deks; different diffrent diferent; difficult dificult; direction dirrection;
disappear dissapear; dishwasher dishwaser; display dispaly; displayed dispalyed; distance distence; doctor docter; doughnut dougnut;
doughnuts dougnuts; dressed dresed; drinking drinkng; driver dirver; driving driveing; during durring; eating eatting; electric electrik;
elegant elagant; elephant elefant elephent; elephants elefants elephents; embarrassed embarassed embarrased; empty emtpy; engine engin;
enjoying enjoing; enjoys enjoyes; entrance enterance; environment enviroment; equipment equiptment equipement; escalator escalater;
evening evning; excited exicted; exercise excercise exersize; exhibit exibit; expensive expencive; experience experiance;
expression expresion; family familly; famous famouse; farmer famer; father fathter; favorite favorit; feather fether; feeding feading;
female femail; fence fense; ferry fery; festival festivle; field feild; fields feilds; fighting fightting; finally finaly; finger fingar;
fingers fingars; firefighter firefigher; fireplace fireplase; fishing fisching; flooded floded; floor flor; flower flowwer;
flowers flowwers; flying fliing flyng; football footbal; foreground forground; foreign foriegn; forest forrest; fountain fountian;
freight frieght; friend freind; friends freinds; frisbee frizbee frisby; front frount; furniture furnature; garage garrage;
garbage garbadge; garden gardin; gathered gatherd; gathering gatherring; gesture jesture; giraffe girafe giraff; giraffes girafes giraffs;
glasses glases; going goign; government goverment; graffiti grafitti graffitti; grazing graizing; grocery grocerry; guard gaurd;
guitar gutiar guitarr; guitarist guitairist; gymnast gimnast; hallway hallwey; hamburger hambuger; handle handel; handsome hansome;
hanging hangging; happily happilly; happy hapy; harbor harber; headphones headfones; height hieght; helicopter helicoptor helecopter;
helmet helment; helmets helments; highway higway; holding holdding; holiday holliday; horizon horizen; horses horeses; hospital hospitle;
hotel hotell;  hundred hunderd; hurdle hurdel; hydrant hydrent hidrant; immediately immediatly; important importent;
including includeing; independent independant; industrial industral; inside insde; instrument insturment instrament;
instruments insturments instraments; interesting intresting interresting; intersection intersecton; island iland; jacket jackit jaket;
jackets jackits; jewelry jewlery jewellry; judge juge; juggling jugling; jumping jumpping; jungle jungel; kayak kyack; keyboard keybord;
kitchen kichen kitchin; kitten kiten; kneeling neeling kneling; knife knif; ladder lader; language langauge; laptop labtop;
laughing laghing laufing; laundry laundery; leather lether; lettuce lettus letuce; library libary; listening listning; little litle;
living liveing; looking lookin; luggage lugage luggadge; machine mashine; magazine magizine magazin; maintenance maintainance;
making makeing; marching marchng; market markit; marriage marrige; mattress matress; meadow medow; medicine medecine; medium meduim;
microphone micraphone microfone; microwave microwawe; middle midle; military millitary; miniature minature; mirror miror mirrow;
missing misssing; modern moddern; moment momment; monitor moniter; monkey munkey; morning mornig; mother mohter;
motorcycle motocycle motorcicle; motorcycles motocycles motorcicles; mountain mountian moutain; mountains mountians moutains;
moving moveing; muscular muscluar; museum musuem; mushrooms mushroms; musician musican; musicians musicans; mustache moustach mustach;
narrow narow; nearby neerby; necessary neccessary necesary; necklace neclace; neighbor nieghbor; neighborhood neighborhod;
newspaper newpaper; noticeable noticable; number nubmer; object obejct; objects obejcts; obstacle obsticle; occasion ocasion occassion;
occurred occured; ocean ocaen; office offise; officer oficer officier; officers oficers officiers; onions onoins; opening openning;
opponent oponent; opposite oposite; orchestra orchastra; ornate ornat; outdoor outdor; outdoors outdors; outside outisde; oven ovan;
overlooking overloking; package packadge; paddle padle; painted paintted; painting paintting; parachute parashute; parade paraid;
paragliding paraglidding; parallel paralell parrallel; parked parcked; parking parkin; passenger passanger; passengers passangers;
patient pacient; pavement pavment; peaceful peacefull; peculiar peculier; pedestrian pedestrain; pedestrians pedestrains;
people poeple peopel; pepperoni peperoni; performance performence; person persson; phone fone; photo foto; photograph photagraph;
photographer photagrapher; physical phisical; piano pianno; picking pickin; picnic picknic; picture pitcure; pictures pitcures;
pigeon pidgeon; pigeons pidgeons; pillow pilow; pillows pilows; pitcher picther; plastic plastick; plate palte; platform platfrom;
playground playgroud; playing playng; police polise; policeman poleceman; porch portch; possible possable; potato potatoe;
potatoes potatos; practice pratice; practicing pratcing; preparing prepairing; pretty prety; probably probly;
professional proffesional profesional; public publick; pumpkin punkin pumkin; puppy pupy; purple purpel; pushing puhsing; quarter qaurter;
quiet queit; racket rackett; railing raling; railroad railraod; raincoat raincote; receive recieve; receiving recieving;
recommend recomend; rectangular rectangluar; referee refferee; reflection refelction; refrigerator refridgerator refrigirator;
relaxing relaxng; remote remot; restaurant restaraunt resturant; restroom restrom; rhinoceros rhinocerous; riding rideing; river rivver;
rocky rockey; rough ruogh; round rond; running runing; sailboat sailbote; sailing saling; salad sallad; sandwich sandwitch sandwhich;
sandwiches sandwitches sandwhiches; saucer sauser; scene sceen; schedule scedule shedule; scissors sissors scisors; sculpture sculpure;
seagull seegull; seagulls seegulls; seat saet; second secound; separate seperate; several severel serveral; shadow shaddow;
shallow shalow; shelves shelfs; shirt shrit; shirts shrits; shopping shoping; shoulder sholder shoudler; shoulders sholders;
shower showre; sidewalk sidwalk sidewak; sidewalks sidwalks sidewaks; similar similiar; singing singging; sitting sittting;
skateboard scateboard skatebord; skateboarder scateboarder; skateboarding scateboarding skatebording; skateboards scateboards;
skiing sking; slightly slighty; smiling smileing; snowboard snowbord; snowboarder snowborder; snowboarding snowbording; snowy snowey;
soccer socer; soldier soilder; soldiers soilders; something somthing; sometimes somtimes; speaking speeking; special speical;
spectators spectaters; square squre; squirrel squirell squirel; stadium stadiam; staircase staircaise; standing standng; station staion;
statues statuse; steep steap; stomach stomache; stopped stoped; stopping stoping; straight staight; strange starnge;
strawberries strawberrys; stream streem; street steet; streets steets; stretching streching; student studant; students studants;
studying studing; successful succesful; suddenly suddendly; suit siut; suitcase suitecase suitcas; suitcases suitecases;
sunglasses sunglases; supplies suplies; surface surfice; surfboard serfboard surfbord; surfboards serfboards surfbords; surfer serfer;
surfers serfers; surfing serfing; surprise suprise; surprised suprised; surrounded surounded surronded; surrounding surounding;
swimming swiming; table tabel; tables tabels; talking tallking; taught tought; teacher techer; teenager teenger;
television televison telivision; temperature temperture; tennis tenis tennus; their thier; themselves themselfs; there ther;
thirty thirthy; thought thougt; thousand thousend; through throught; throwing throwin; together togeather togther; toilet toliet;
tomato tomatoe; tomatoes tomatos; tomorrow tommorow tommorrow; tongue tounge; toothbrush toothbrsh; tourist turist; tourists turists;
toward towrd; towards towars; towel towle; traffic trafic traffick; trailer trialer; train trian; trains trians; traveling travling;
triangle triangel; tropical tropicle; truck truk; trucks truks; truly truely; trying tring; umbrella umbrela umberella;
umbrellas umbrelas umberellas; under undre; underneath undernieth underneeth; uniform uniformm uniforme; uniforms uniformes;
university univeristy; until untill; upright uprite; usually usally; vacuum vaccum vacume; vegetable vegatable vegetible;
vegetables vegatables vegetibles; vehicle vehical vehicule; vehicles vehicals vehicules; vendor vendur; very verry; village vilage;
vintage vintige; violin voilin; visible visable; volleyball volleybal vollyball; waiter wiater; waiting wating waitting;
walking walkin walkng; wallet walet; warehouse wearhouse; watching waching; water watter; wedding weding; weird wierd; welcome welcom;
wetsuit wetsut; wheelchair wheelchiar; where wher; which wich; while whlie; window windo windoe; windows windoes; without withuot;
woman womman; women womens; wooden woden; worker workr; workers workrs; working workin; worship workship; wrapped wraped;
wrestling wresling; writing writting; yacht yaht; yawning yawnning; young yuong; zebra zeebra; zebras zeebras; zucchini zuchini zucchinni
"""
"""A word, then its misspellings; entries are parted by semicolons."""

MISSPELLINGS = {word: tuple(wrong) for word, *wrong in (entry.split() for entry in _TABLE.split(";"))}
"""Word -> its misspellings, lower case."""
